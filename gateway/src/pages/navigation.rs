//! Navigation: the pages of a site, by the kinds of its assets.

use crate::config::Asset;

/// Page that shows the assets of one or several kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AssetPageKind {
    /// Path without slash, and place in the navigation.
    pub(crate) place: &'static str,
    /// Kinds of assets that it shows, in this order.
    pub(crate) kinds: &'static [&'static str],
}

/// Pages of assets, in the order of the navigation. The paths are the words of the staff.
pub(crate) const ASSET_PAGES: [AssetPageKind; 6] = [
    AssetPageKind {
        place: "plts",
        kinds: &["plts"],
    },
    AssetPageKind {
        place: "air",
        kinds: &["tank", "pump", "catchment"],
    },
    AssetPageKind {
        place: "bsf",
        kinds: &["bsf"],
    },
    AssetPageKind {
        place: "kompos",
        kinds: &["compost"],
    },
    AssetPageKind {
        place: "genset",
        kinds: &["genset"],
    },
    AssetPageKind {
        place: "meter",
        kinds: &["meter"],
    },
];

/// Maximum links in the bar at the foot of a phone, besides the button for the others.
const BAR_LINKS_MAX: usize = 4;

/// Link to a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NavigationLink {
    /// Place: `beranda`, `plts`, `catat`, ... Its text has the message key `nav-PLACE`, its icon
    /// the id `PLACE` in `icons.svg`.
    pub(crate) place: &'static str,
    /// Path of the page.
    pub(crate) path: String,
    /// The page that is shown.
    pub(crate) is_here: bool,
    /// Stands in the bar at the foot of a phone.
    pub(crate) in_bar: bool,
}

impl NavigationLink {
    /// Message key of the text.
    pub(crate) fn key(&self) -> String {
        format!("nav-{}", self.place)
    }
}

impl AssetPageKind {
    /// Assets of the site that this page shows, in the order of its kinds.
    pub(crate) fn assets<'a>(&self, all: &'a [Asset]) -> Vec<&'a Asset> {
        let of_kind = |kind: &&'static str| {
            let kind = *kind;
            all.iter().filter(move |asset| asset.kind.word() == kind)
        };
        self.kinds.iter().flat_map(of_kind).collect()
    }
}

/// Page of the assets of this kind.
pub(crate) fn page_of_kind(kind: &str) -> Option<&'static AssetPageKind> {
    ASSET_PAGES.iter().find(|page| page.kinds.contains(&kind))
}

/// Links to all pages of a site. Pages without an asset are left out.
pub(crate) fn navigation_links(assets: &[Asset], here: &str) -> Vec<NavigationLink> {
    let pages = ASSET_PAGES.iter();
    let pages = pages.filter(|page| !page.assets(assets).is_empty());
    let mut places = vec!["beranda"];
    places.extend(pages.map(|page| page.place));
    places.extend(["catat", "laporan", "dampak", "teknisi"]);
    // Writing down is what people do most often on a phone, so it is always within reach.
    let mut left = BAR_LINKS_MAX - 1;
    let link = |place: &'static str| {
        let in_bar = place == "catat" || (left > 0 && place != "dampak" && place != "teknisi");
        if in_bar && place != "catat" {
            left -= 1;
        }
        NavigationLink {
            place,
            path: page_path(place),
            is_here: place == here,
            in_bar,
        }
    };
    places.into_iter().map(link).collect()
}

/// Path of a page of the navigation.
fn page_path(place: &str) -> String {
    match place {
        "beranda" => "/".to_owned(),
        other => format!("/{other}"),
    }
}

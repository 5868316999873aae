//! [`check_shared_points`]: what one point may stand for, role by role.
//!
//! ```text
//! plant p: energy = 'm.kwh'      genset g: energy = 'm.kwh'      diesel counts as sun: an error
//! tank a: inflow = 'f.m3'        tank b: inflow = 'f.m3'         a warning
//! plant p: energy = 'm.kwh'      meter m: energy = 'm.kwh'       allowed
//! ```

use super::{Asset, AssetRelation, AssetRelationSort, RawAsset};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::SpannedValue;
use crate::config::same_places::SamePlaces;
use std::sync::Arc;

/// Quantity that a point stands for in a role of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PointMeaning {
    /// A state or a condition, which adds up nowhere: a temperature, an irradiance, a status.
    Condition,
    /// Energy that a plant makes.
    Made,
    /// Energy of the modules before the inverter.
    Array,
    /// Energy that goes to the grid.
    Sold,
    /// Energy that comes from the grid.
    Bought,
    /// Energy that a pump or a heap takes.
    Used,
    /// Energy that a generator set makes.
    Generated,
    /// Fuel of a generator set.
    Fuel,
    /// Energy that a meter shows.
    Shown,
    /// Water that a pump lifts.
    Lifted,
    /// Water that goes into a tank.
    Inflow,
    /// Water that leaves a tank.
    Outflow,
    /// Level of a tank.
    Level,
    /// Rain water that comes from a roof.
    Caught,
}

/// Verdict on one point in two roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PointSharing {
    /// True of many sites.
    Allowed,
    /// May be true, and is to be looked at.
    Warned,
    /// The same quantity would count twice.
    Refused,
    /// Judged with the claims and relations of both (`claim_registry`).
    ByClaims,
}

impl PointMeaning {
    fn of(kind: &str, role: &str) -> Self {
        match (kind, role) {
            ("plts", "energy" | "power") => Self::Made,
            ("plts", "dc_energy") => Self::Array,
            ("plts", "export") => Self::Sold,
            ("plts", "import" | "project_import") => Self::Bought,
            ("pump" | "compost", "energy" | "power") => Self::Used,
            ("genset", "energy" | "power") => Self::Generated,
            ("genset", "fuel" | "fuel_flow") => Self::Fuel,
            ("meter", _) => Self::Shown,
            ("pump", "volume" | "flow") => Self::Lifted,
            ("tank", "inflow") => Self::Inflow,
            ("tank", "outflow") => Self::Outflow,
            ("tank", "level" | "distance" | "pressure") => Self::Level,
            ("catchment", "inflow") => Self::Caught,
            _ => Self::Condition,
        }
    }
}

/// Verdict on two roles of one asset.
fn sharing_within(one: PointMeaning, other: PointMeaning) -> PointSharing {
    match (one, other) {
        // The same grid supplies the loads and the plant itself.
        (PointMeaning::Bought, PointMeaning::Bought) => PointSharing::Allowed,
        (PointMeaning::Condition, _) | (_, PointMeaning::Condition) => PointSharing::Warned,
        _ => PointSharing::Refused,
    }
}

/// Verdict on roles of two assets, in either order.
fn sharing_between(one: PointMeaning, other: PointMeaning) -> PointSharing {
    use PointMeaning::{
        Bought, Caught, Condition, Fuel, Generated, Inflow, Lifted, Made, Outflow, Shown, Used,
    };
    match (one, other) {
        (Made, Made) | (Shown, Shown) | (Lifted, Lifted) => PointSharing::ByClaims,
        (Made | Generated, Generated)
        | (Generated, Made)
        | (Fuel, Fuel)
        // Water of a well is no rain.
        | (Lifted, Caught)
        | (Caught, Lifted) => PointSharing::Refused,
        // A meter shows what others make and take; one takes what the other makes; water goes from
        // the pump to the tank, and from one tank to the next.
        (Condition | Shown, _)
        | (_, Condition | Shown)
        | (Used, Made | Generated | Bought)
        | (Made | Generated | Bought, Used)
        | (Lifted, Inflow | Outflow)
        | (Inflow | Outflow, Lifted)
        | (Inflow, Outflow | Caught)
        | (Outflow | Caught, Inflow) => PointSharing::Allowed,
        _ => PointSharing::Warned,
    }
}

/// Checks the points that stand in two roles, of one asset or of two that are in operation at one
/// time.
pub(super) fn check_shared_points(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawAsset>],
    assets: &[Asset],
    (relations, places): (&[AssetRelation], &SamePlaces),
) {
    for (index, (at, later)) in raw.iter().zip(assets).enumerate() {
        check_roles(notes, at, (later, later), places);
        let earlier = assets.iter().take(index);
        for one in earlier.filter(|one| one.days.overlaps(later.days)) {
            check_roles(notes, at, (one, later), places);
            check_shared_set(notes, at, (one, later));
            check_shared_waste(notes, at, (one, later));
            check_crossed_masses(notes, at, (one, later), relations);
            check_shared_mass(notes, at, (one, later));
        }
        let known = assets.get(..=index).unwrap_or(assets);
        check_mass_circle(notes, at, known);
    }
}

/// Checks each role of the second asset against those of the first one.
fn check_roles(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawAsset>,
    (first, second): (&Asset, &Asset),
    places: &SamePlaces,
) {
    let is_one = first.id == second.id;
    for (role, point) in &second.points {
        let meaning = PointMeaning::of(second.kind.word(), role);
        for (other, shared) in &first.points {
            // Within an asset, each pair once.
            if !places.is_one_point(shared, point) || (is_one && other >= role) {
                continue;
            }
            let known = PointMeaning::of(first.kind.word(), other);
            let verdict = if is_one {
                sharing_within(known, meaning)
            } else {
                sharing_between(known, meaning)
            };
            let (what, place) = ("fault-point-shared", format!("{}.{other}", first.id));
            match verdict {
                PointSharing::Allowed | PointSharing::ByClaims => {}
                PointSharing::Warned => notes.add_warning(at.span(), role, what, point, &place),
                PointSharing::Refused => notes.add_error(at.span(), role, what, point, &place),
            }
        }
    }
}

/// Warns about one generator set behind two plants, whose emissions both would bear.
fn check_shared_set(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawAsset>,
    (first, second): (&Asset, &Asset),
) {
    let set = |asset: &Asset| asset.kind.settings().backup_genset().cloned();
    if let Some(id) = set(first)
        && set(second).as_ref() == Some(&id)
    {
        notes.add_warning(at.span(), "project", "fault-set-shared", &id, &first.id);
    }
}

/// Warns about one indicator for the waste of a bin and of a heap, which are treated differently.
fn check_shared_waste(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawAsset>,
    (first, second): (&Asset, &Asset),
) {
    let fed = |asset: &Asset| {
        let waste = asset.kind.settings().organic_waste();
        waste.map(|waste| Arc::clone(waste.fed))
    };
    if first.kind.word() != second.kind.word()
        && let Some(id) = fed(first)
        && fed(second).as_ref() == Some(&id)
    {
        notes.add_warning(at.span(), "fed", "fault-fed-shared", &id, &first.id);
    }
}

/// Checks that an indicator is one mass only: what one bin gives is fed to another one where the
/// site declares it, and no larvae are a residue.
fn check_crossed_masses(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawAsset>,
    (first, second): (&Asset, &Asset),
    relations: &[AssetRelation],
) {
    let Some((first_mass, second_mass)) = waste_masses(first).zip(waste_masses(second)) else {
        return;
    };
    let feeds = |from: &Asset, to: &Asset| {
        let is_feeding = |one: &AssetRelation| one.sort == AssetRelationSort::Feeds;
        let mut all = relations.iter();
        all.any(|one| is_feeding(one) && one.asset == from.id && one.with == to.id)
    };
    let there = goes_on(first, second);
    let back = goes_on(second, first);
    let ((fed, taken), (other_fed, other_taken)) = (first_mass, second_mass);
    let mut refuse = |role: &str, id: &str| {
        notes.add_error(at.span(), role, "fault-mass-crossed", id, &first.id);
    };
    // A circle, which is told as one.
    if there && back {
        return;
    }
    for (role, own) in [("larvae", 0), ("residue", 1)] {
        if let Some(id) = &other_taken[own]
            && taken[1 - own].as_ref() == Some(id)
        {
            refuse(role, id);
            return;
        }
    }
    let undeclared = (there && !feeds(first, second)) || (back && !feeds(second, first));
    if undeclared {
        let id = if there { &other_fed } else { &fed };
        notes.add_warning(at.span(), "fed", "fault-mass-goes-on", id, &first.id);
    }
}

/// Larvae and residue, or what else comes out.
type TakenMasses = [Option<Arc<str>>; 2];

/// Ledger indicators of what goes into a bin or a heap, and of the larvae and the residue that come
/// out.
fn waste_masses(asset: &Asset) -> Option<(Arc<str>, TakenMasses)> {
    let found = asset.kind.settings().organic_waste()?;
    let taken = found.taken.map(|id| id.map(Arc::from));
    Some((Arc::clone(found.fed), taken))
}

/// Whether what comes out of one asset is, by its indicator, what goes into the other one.
fn goes_on(from: &Asset, to: &Asset) -> bool {
    let masses = waste_masses(from).zip(waste_masses(to));
    masses.is_some_and(|((_, taken), (fed, _))| taken.iter().flatten().any(|one| *one == fed))
}

/// Warns about one indicator for what comes out of two assets that are fed apart: an entry counts
/// for the one that it names, and for no asset when it names none.
fn check_shared_mass(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawAsset>,
    (first, second): (&Asset, &Asset),
) {
    let Some(((fed, taken), (other_fed, other_taken))) =
        waste_masses(first).zip(waste_masses(second))
    else {
        return;
    };
    for (role, own) in [("larvae", 0), ("residue", 1)] {
        if fed != other_fed
            && let Some(id) = other_taken[own].as_ref().filter(|id| !id.is_empty())
            && taken[own].as_ref() == Some(id)
        {
            notes.add_warning(at.span(), role, "fault-mass-shared", id, &first.id);
        }
    }
}

/// Checks that no mass comes back to the last of these assets, over any number of other ones.
fn check_mass_circle(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawAsset>,
    known: &[Asset],
) {
    let Some((last, before)) = known.split_last() else {
        return;
    };
    let mut seen = vec![last];
    let mut next = 0;
    while let Some(from) = seen.get(next).copied() {
        next += 1;
        for to in before.iter().filter(|to| to.days.overlaps(last.days)) {
            let is_new = seen.iter().all(|one| one.id != to.id);
            if is_new && goes_on(from, to) {
                seen.push(to);
            }
        }
        if from.id != last.id
            && goes_on(from, last)
            && let Some((fed, _)) = waste_masses(last)
        {
            notes.add_error(at.span(), "fed", "fault-mass-crossed", &fed, &from.id);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::config_schema;
    use crate::tests::SiteText;
    use serde_json::Value;
    use std::path::Path;

    /// All quantities, in the order of their declaration.
    const ALL: [PointMeaning; 14] = [
        PointMeaning::Condition,
        PointMeaning::Made,
        PointMeaning::Array,
        PointMeaning::Sold,
        PointMeaning::Bought,
        PointMeaning::Used,
        PointMeaning::Generated,
        PointMeaning::Fuel,
        PointMeaning::Shown,
        PointMeaning::Lifted,
        PointMeaning::Inflow,
        PointMeaning::Outflow,
        PointMeaning::Level,
        PointMeaning::Caught,
    ];

    #[test]
    fn each_pair_of_roles_has_one_verdict_in_either_order() {
        for one in ALL {
            for other in ALL {
                let verdict = sharing_between(one, other);
                assert_eq!(verdict, sharing_between(other, one), "{one:?} {other:?}");
                assert_eq!(sharing_within(one, other), sharing_within(other, one));
            }
            // What adds up is never silently counted by two assets of one kind.
            if one != PointMeaning::Condition {
                assert_ne!(sharing_between(one, one), PointSharing::Allowed, "{one:?}");
            }
        }
    }

    /// Every key of an asset that names a counter has a meaning.
    #[test]
    fn every_counter_of_an_asset_has_a_meaning() {
        let schema = config_schema();
        let schema: Value = serde_json::from_str(&schema).unwrap();
        let mut seen = 0;
        let assets = &schema["properties"]["asset"]["items"]["oneOf"];
        for keys in assets.as_array().unwrap() {
            let Some(kind) = keys["properties"]["kind"]["const"].as_str() else {
                continue;
            };
            let kinds = ["plts", "pump", "compost", "genset", "meter", "tank"];
            if !kinds.contains(&kind) {
                continue;
            }
            for (key, about) in keys["properties"].as_object().into_iter().flatten() {
                let about = about["description"].as_str().unwrap_or_default();
                if !about.starts_with("Point of") || !about.contains("a counter") {
                    continue;
                }
                seen += 1;
                let meaning = PointMeaning::of(kind, key);
                assert_ne!(meaning, PointMeaning::Condition, "{kind}.{key}");
            }
        }
        assert!(seen >= 10, "{seen}");
    }

    fn found(assets: &str) -> Vec<(&'static str, bool)> {
        let point = |register: u8, id: &str, unit: &str| {
            format!(
                "{{ id = '{id}', register = 'holding:{register}', type = 'u32', unit = '{unit}', \
                 counter = true }}"
            )
        };
        let points = [
            point(0, "kwh", "kWh"),
            point(2, "m3", "m3"),
            point(4, "kwh2", "kWh"),
        ];
        let level = "{ id = 'level', register = 'holding:8', type = 'u16', unit = 'm' }".to_owned();
        let heat = level
            .replace("level", "temp")
            .replace('8', "9")
            .replace("'m'", "'degC'");
        let points: Vec<String> = points.into_iter().chain([level, heat]).collect();
        let text = SiteText::new("a")
            .tcp_bus("b", 502)
            .device("d", "b", "unit = 1")
            .points(points.iter().map(String::as_str))
            .text()
            + assets;
        let loaded = crate::config::load_config_text(&text, Path::new("pantau.toml"), &|_| None);
        let is_error = loaded.is_err();
        let all = loaded.map_or_else(|faults| faults.0, |config| config.warnings);
        let own = all.iter().map(|fault| fault.what);
        let wanted = [
            "fault-point-shared",
            "fault-set-shared",
            "fault-fed-shared",
            "fault-mass-crossed",
            "fault-mass-goes-on",
            "fault-mass-shared",
        ];
        own.filter(|what| wanted.contains(what))
            .map(|what| (what, is_error))
            .collect()
    }

    #[test]
    fn water_of_a_well_is_no_rain() {
        let well = "[[asset]]\nid = 'w'\nkind = 'pump'\nvolume = 'd.m3'\n";
        let roof = "[[asset]]\nid = 'r'\nkind = 'catchment'\narea_m2 = 20\nrunoff = 0.9\n\
                    inflow = 'd.m3'\n";
        let told = found(&[well, roof].concat());
        assert_eq!(told, [("fault-point-shared", true)]);
    }

    #[test]
    fn one_point_in_two_roles_is_judged_by_what_both_mean() {
        let asset = |id: &str, kind: &str, keys: &str| {
            format!("[[asset]]\nid = '{id}'\nkind = '{kind}'\n{keys}\n")
        };
        let plant = |id: &str, keys: &str| asset(id, "plts", &format!("capacity_kwp = 2\n{keys}"));
        let set = |id: &str, keys: &str| asset(id, "genset", &format!("rating_kw = 5\n{keys}"));
        let tank = |id: &str, keys: &str| {
            let shape = "shape = { kind = 'box', length_m = 1, width_m = 1, height_m = 1 }";
            asset(id, "tank", &format!("{shape}\n{keys}"))
        };
        let (error, warning) = (
            vec![("fault-point-shared", true)],
            ("fault-point-shared", false),
        );
        let heap = asset("c", "compost", "process = 'in_vessel'\nfed = 'bsf-fed'");
        let bin = asset("b", "bsf", "probe = 'x'\ntemperature = 'd.temp'");
        let backed = "energy = 'd.kwh'\nproject = { genset = 'g' }";
        for (assets, wanted) in [
            (
                plant("p", "energy = 'd.kwh'") + &set("g", "energy = 'd.kwh'"),
                error.clone(),
            ),
            (
                set("g", "energy = 'd.kwh'") + &set("h", "energy = 'd.kwh'"),
                error.clone(),
            ),
            (
                set("g", "fuel = 'd.m3'") + &set("h", "fuel = 'd.m3'"),
                error.clone(),
            ),
            (
                plant("p", "energy = 'd.kwh'\nexport = 'd.kwh'"),
                error.clone(),
            ),
            (
                asset("m", "meter", "energy = 'd.kwh'\nimport = 'd.kwh'"),
                error.clone(),
            ),
            (
                tank("t", "level = 'd.level'\ninflow = 'd.m3'\noutflow = 'd.m3'"),
                error,
            ),
            (
                tank("t", "level = 'd.level'\ninflow = 'd.m3'")
                    + &tank("u", "level = 'd.level'\ninflow = 'd.m3'"),
                vec![warning, warning],
            ),
            (
                plant("p", "energy = 'd.kwh'") + &asset("m", "meter", "energy = 'd.kwh'"),
                Vec::new(),
            ),
            (
                plant("p", backed)
                    + &plant("q", &backed.replace("kwh", "kwh2"))
                    + &set("g", "fuel = 'd.m3'"),
                vec![("fault-set-shared", false)],
            ),
            (heap + &bin, vec![("fault-fed-shared", false)]),
        ] {
            assert_eq!(found(&assets), wanted, "{assets}");
        }
    }

    #[test]
    fn what_one_bin_gives_is_fed_to_another_one_only_where_it_is_declared() {
        let bin = |id: &str, keys: &str| {
            format!(
                "[[asset]]\nid = '{id}'\nkind = 'bsf'\nprobe = 'x'\ntemperature = 'd.temp'\n{keys}\n"
            )
        };
        let heap = |fed: &str| {
            format!("[[asset]]\nid = 'c'\nkind = 'compost'\nprocess = 'in_vessel'\nfed = '{fed}'\n")
        };
        let feeds = "[[relation]]\nasset = 'a'\nkind = 'feeds'\nwith = 'c'\n";
        let more = ["fed-2", "out-2", "fed-3", "out-3", "out-4"].map(|id| {
            let name = format!("{{ id = '{id}', en = '{id}' }}");
            format!("[[indicator]]\nid = '{id}'\nunit = 'kg'\nname = {name}\n")
        });
        let more = more.concat();
        let refused = vec![("fault-mass-crossed", true)];
        let warned = vec![("fault-mass-goes-on", false)];
        for (assets, wanted) in [
            // Each feeds what the other one gives.
            (
                bin("a", "fed = 'fed-2'\nlarvae = 'out-2'")
                    + &bin("b", "fed = 'out-2'\nlarvae = 'fed-2'"),
                refused.clone(),
            ),
            // Larvae of one are the residue of the other.
            (
                bin("a", "")
                    + &bin(
                        "b",
                        "fed = 'fed-2'\nresidue = 'bsf-maggot'\nlarvae = 'out-2'",
                    ),
                refused,
            ),
            (
                bin("a", "")
                    + &bin(
                        "b",
                        "fed = 'bsf-maggot'\nlarvae = 'out-2'\nresidue = 'out-3'",
                    ),
                warned.clone(),
            ),
            (bin("a", "") + &heap("bsf-kasgot"), warned),
            (bin("a", "") + &heap("bsf-kasgot") + feeds, Vec::new()),
            // A circle of three, in which no two feed each other.
            (
                bin("a", "fed = 'fed-2'\nlarvae = 'out-2'\nresidue = 'fed-3'")
                    + &bin("b", "fed = 'fed-3'\nlarvae = 'out-3'\nresidue = 'bsf-fed'")
                    + &bin("c", "larvae = 'out-4'\nresidue = 'fed-2'"),
                vec![("fault-mass-crossed", true)],
            ),
            // Fed apart, and harvested under one record.
            (
                bin("a", "") + &bin("b", "fed = 'fed-2'\nresidue = 'out-2'"),
                vec![("fault-mass-shared", false)],
            ),
            // Two bins of one record are told apart by the entries.
            (bin("a", "") + &bin("b", ""), Vec::new()),
        ] {
            assert_eq!(found(&(more.clone() + &assets)), wanted, "{assets}");
        }
    }
}

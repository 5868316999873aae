//! `SunSpec` devices: what is wanted of them is known before they are asked, where it is only then.
//!
//! A device says in a list which models it has. `SunSpec::fit` lays the wanted points over such a
//! list; `SunSpec::nominal` is the shortest list on which all of them are, for a simulator and for
//! the plan before the device was met.

mod check;
mod definitions;
mod image;
mod names;

pub(crate) use check::{PROFILE, sunspec};

use crate::config::{Encoding, Point, Scale, Table, WordOrder};
use crate::limits::WORDS_PER_READ_MAX;
use definitions::{Counts, Scaling};
use names::{Misnamed, Place, Want};
use std::collections::{BTreeMap, BTreeSet};

/// "SunS": what stands where a list begins.
pub const MARKER: [u16; 2] = [0x5375, 0x6e53];
/// The number of a model that says that the list has ended.
pub const END: u16 = 0xffff;
/// The model that says who made the device.
pub const COMMON: u16 = 1;

/// What is wanted of a `SunSpec` device, and where to look for it.
#[derive(Clone, Debug, PartialEq)]
pub struct SunSpec {
    bases: Vec<u16>,
    wants: Vec<Want>,
}

/// One model as a device has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Number of its definition.
    pub id: u16,
    /// Address of its first register, which holds `id`.
    pub address: u16,
    /// Registers behind the first two, as the device says.
    pub length: u16,
    counts: Counts,
}

/// The wanted points as they are on one device.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fitted {
    /// Points to read: those wanted that exist, then what they lean on.
    pub points: Vec<Point>,
    /// For each wanted point its index in `points`; `None` when the device has no such point.
    pub slots: Vec<Option<usize>>,
    /// Points that hold a model's number and length, and what they held when the device was looked
    /// over. Anything else there means that the list has changed.
    pub headers: Vec<(usize, i64)>,
}

/// The definitions describe a model of this number.
fn is_known(id: u16) -> bool {
    definitions::model(id).is_some()
}

impl Model {
    /// A model at a place, with a length as the device says.
    pub fn new(id: u16, address: u16, length: u16) -> Self {
        let mut counts = Counts::new();
        if let Some(definition) = definitions::model(id) {
            definition.fill(length, &mut counts);
        }
        Self {
            id,
            address,
            length,
            counts,
        }
    }

    /// The register behind its last, which holds the number of the next model; `None` when there is
    /// no such register.
    pub fn next(&self) -> Option<u16> {
        self.address.checked_add(2)?.checked_add(self.length)
    }

    /// The registers that say how often its groups stand there, by name.
    pub fn counters(&self) -> Vec<(&'static str, u16)> {
        let points = definitions::model(self.id).map(definitions::Group::count_points);
        let points = points.unwrap_or_default().into_iter();
        points
            .filter(|(_, offset)| *offset < self.size())
            .filter_map(|(name, offset)| Some((name, self.at(offset)?)))
            .collect()
    }

    /// Takes in what such a register said; "not implemented" is none.
    pub fn count(&mut self, name: &str, times: u16) {
        let times = if times == u16::MAX { 0 } else { times };
        self.counts.insert(name.to_owned(), times);
    }

    fn size(&self) -> u64 {
        u64::from(self.length) + 2
    }

    fn at(&self, offset: u64) -> Option<u16> {
        self.address.checked_add(u16::try_from(offset).ok()?)
    }

    /// Number and length in one.
    fn header(&self) -> i64 {
        i64::from(self.id) << 16 | i64::from(self.length)
    }
}

impl SunSpec {
    /// Where the list may begin, and what is wanted.
    pub(crate) fn new(base: Option<u16>, wants: Vec<Want>) -> Self {
        Self {
            bases: base.map_or_else(|| names::bases().to_vec(), |base| vec![base]),
            wants,
        }
    }

    /// Nothing in particular, wherever the list begins: to look a device over.
    pub fn anywhere() -> Self {
        Self::new(None, Vec::new())
    }

    /// What a configuration says for such a device: `profile = "sunspec"`.
    pub fn profile() -> &'static str {
        PROFILE
    }

    /// Where the list may begin, likeliest first.
    pub fn bases(&self) -> &[u16] {
        &self.bases
    }

    /// Models whose groups are wanted, so that it matters how many there are.
    pub fn counted(&self) -> BTreeSet<u16> {
        let places = self.wants.iter().flat_map(|want| &want.places);
        let grouped = places.filter(|place| !place.steps.is_empty());
        grouped.map(|place| place.model).collect()
    }

    /// The wanted points on a device that has these models.
    pub fn fit(&self, models: &[Model]) -> Fitted {
        let mut fitted = Fitted::default();
        let mut sides = Sides::default();
        for want in &self.wants {
            let located = locate(want, models);
            let slot = located.as_ref().map(|_| fitted.points.len());
            fitted.slots.push(slot);
            let found = located.map(|located| point(want, &located, &mut sides));
            fitted.points.extend(found);
        }
        sides.join(&mut fitted);
        fitted
    }

    /// The wanted points in order, each by itself, where the shortest list has them: what store,
    /// sinks and pages know before the device was met.
    pub(crate) fn points(&self) -> Vec<Point> {
        let fitted = self.fit(&self.nominal());
        let slots = self.wants.iter().zip(&fitted.slots);
        slots
            .map(|(want, slot)| Point {
                name: want.name.clone(),
                unit: want.unit.clone(),
                quantity: want.quantity.clone(),
                counter: want.counter,
                min: want.limits.0,
                max: want.limits.1,
                scale_from: None,
                multiply_from: None,
                valid_when: None,
                about: crate::config::About::default(),
                ..slot.map_or_else(
                    || plain(0, Encoding::U16),
                    |slot| fitted.points[slot].clone(),
                )
            })
            .collect()
    }

    /// Registers, by address, of a device that has the shortest list and implements no value; the
    /// texts are those of the common model, by their names.
    pub fn image(&self, texts: &[(&str, &str)]) -> BTreeMap<u16, u16> {
        let base = self.bases.first().copied().unwrap_or(0);
        image::image(base, &self.nominal(), texts)
    }

    /// The shortest list of models on which every wanted point is.
    pub fn nominal(&self) -> Vec<Model> {
        let mut wanted: BTreeMap<u16, (u16, Counts)> = BTreeMap::new();
        wanted.insert(COMMON, (1, Counts::new()));
        for want in &self.wants {
            let Some(place) = want.places.first() else {
                continue;
            };
            let (times, counts) = wanted.entry(place.model).or_default();
            *times = (*times).max(want.nth);
            raise(place, counts);
        }
        let mut address = self.bases.first().map_or(0, |base| base.saturating_add(2));
        let mut models = Vec::new();
        for (id, (times, counts)) in wanted {
            for _ in 0..times {
                let size = definitions::model(id).map_or(0, |model| model.size(&counts));
                let length = u16::try_from(size.saturating_sub(2)).unwrap_or(u16::MAX);
                let mut model = Model::new(id, address, length);
                model.counts.extend(counts.clone());
                address = model.next().unwrap_or(address);
                models.push(model);
            }
        }
        models
    }
}

/// A group stands there at least as often as this place needs.
fn raise(place: &Place, counts: &mut Counts) {
    let Some(mut group) = definitions::model(place.model) else {
        return;
    };
    for (index, nth) in &place.steps {
        let Some(next) = group.groups.get(*index) else {
            return;
        };
        group = next;
        if let Some(key) = group.counter() {
            let times = counts.entry(key.to_owned()).or_default();
            *times = (*times).max(*nth);
        }
    }
}

/// A wanted point in a model of the device.
struct Located<'a> {
    model: &'a Model,
    encoding: Encoding,
    missing: i64,
    offset: u64,
    scale: Scaling,
}

/// The first place that the device has.
fn locate<'a>(want: &Want, models: &'a [Model]) -> Option<Located<'a>> {
    want.places.iter().find_map(|place| {
        let mut alike = models.iter().filter(|model| model.id == place.model);
        let model = alike.nth(usize::from(want.nth) - 1)?;
        let definition = definitions::model(place.model)?;
        let spot = definition.spot(&model.counts, &place.steps, place.point)?;
        let (encoding, missing) = spot.def.encoding()?;
        let inside = |offset: u64, size: u16| offset + u64::from(size) <= model.size();
        let scaled = match spot.scale {
            Scaling::Fixed(_) => true,
            Scaling::Register(offset) => inside(offset, 1),
        };
        (inside(spot.offset, encoding.registers()) && scaled).then_some(Located {
            model,
            encoding,
            missing,
            offset: spot.offset,
            scale: spot.scale,
        })
    })
}

/// What wanted points lean on, by address: scale factors, and the heads of their models. Where they
/// stand among the points is known only when all wanted points are there.
#[derive(Default)]
struct Sides {
    scales: BTreeMap<u16, Vec<usize>>,
    heads: BTreeMap<u16, (i64, Vec<usize>)>,
    points: usize,
}

fn point(want: &Want, spot: &Located<'_>, sides: &mut Sides) -> Point {
    let index = sides.points;
    sides.points += 1;
    let head = sides.heads.entry(spot.model.address).or_default();
    head.0 = spot.model.header();
    head.1.push(index);
    let mut scale = want.scale;
    match spot.scale {
        Scaling::Fixed(power) => scale.factor.1 = scale.factor.1.saturating_add(power),
        Scaling::Register(offset) => {
            let address = spot.model.at(offset).unwrap_or(0);
            sides.scales.entry(address).or_default().push(index);
        }
    }
    Point {
        name: want.name.clone(),
        scale,
        unit: want.unit.clone(),
        quantity: want.quantity.clone(),
        counter: want.counter,
        min: want.limits.0,
        max: want.limits.1,
        missing: vec![spot.missing],
        ..plain(spot.model.at(spot.offset).unwrap_or(0), spot.encoding)
    }
}

impl Sides {
    /// Puts the scale factors and heads behind the wanted points, and ties these to them.
    fn join(self, fitted: &mut Fitted) {
        for (address, users) in self.scales {
            let index = fitted.points.len();
            let scale = plain(address, Encoding::I16);
            fitted.points.push(Point {
                missing: vec![0x8000],
                ..scale
            });
            for user in users {
                fitted.points[user].scale_from = Some(index);
            }
        }
        for (address, (holds, users)) in self.heads {
            let index = fitted.points.len();
            fitted.points.push(plain(address, Encoding::U32));
            fitted.headers.push((index, holds));
            for user in users {
                // One that is out of the head's reach stays with its scale factor instead; the
                // reader looks at `headers` all the same.
                if reach(fitted, user, address) <= WORDS_PER_READ_MAX {
                    fitted.points[user].valid_when = Some((index, vec![holds]));
                }
            }
        }
    }
}

/// Registers from the head of its model to the end of a point and its scale factor.
fn reach(fitted: &Fitted, user: usize, head: u16) -> u16 {
    let end = |index: usize| {
        let point = &fitted.points[index];
        let last = point.address.saturating_add(point.encoding.registers() - 1);
        last.saturating_sub(head).saturating_add(1)
    };
    let scale = fitted.points[user].scale_from.map_or(0, end);
    end(user).max(scale)
}

/// A number in holding registers, and nothing else known of it.
fn plain(address: u16, encoding: Encoding) -> Point {
    Point {
        name: "".into(),
        table: Table::Holding,
        address,
        high: None,
        encoding,
        words: WordOrder::Abcd,
        bits: None,
        scale: Scale::ONE,
        unit: "".into(),
        quantity: "".into(),
        counter: false,
        wraps_at: None,
        min: None,
        max: None,
        missing: Vec::new(),
        scale_from: None,
        multiply_from: None,
        powers: Vec::new(),
        valid_when: None,
        about: crate::config::About::default(),
    }
}

#[cfg(test)]
mod tests;

//! [`SunSpecSelection`]: the selected points of a device, and where they are on it.

use super::blank_image;
use super::definitions::{self, GroupCounts, ScaleSource};
use super::model::{COMMON_MODEL, SunSpecModel};
use super::point_names::{self, ModelPointPath, WantedPoint};
use crate::config::{
    ModbusPoint, ModbusTable, Point, PointAccess, PointDescription, RegisterEncoding,
    ValidityCondition,
};
use crate::limits::REGISTERS_PER_READ_MAX;
use std::collections::{BTreeMap, BTreeSet};

/// Profile name of `SunSpec` devices; no profile file exists for it.
pub(crate) const SUNSPEC_PROFILE: &str = "sunspec";

/// Selected points of a `SunSpec` device, and possible start addresses of its model list.
#[derive(Clone, Debug, PartialEq)]
pub struct SunSpecSelection {
    bases: Vec<u16>,
    wants: Vec<WantedPoint>,
}

/// Selected points with their addresses on one device.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResolvedPoints {
    /// Points to read: the selected ones that exist, then scale factors and model headers.
    pub points: Vec<Point>,
    /// Index in `points` of each selected point; `None` when the device does not have it.
    pub slots: Vec<Option<usize>>,
    /// Indices of the points that hold model headers (number and length), with the values found.
    // Another value there means that the list has changed, for example by a new firmware.
    pub headers: Vec<(usize, i64)>,
}

impl SunSpecSelection {
    /// Creates a selection; without `base` the usual start addresses are tried.
    pub(crate) fn new(base: Option<u16>, wants: Vec<WantedPoint>) -> Self {
        Self {
            bases: base.map_or_else(|| point_names::base_addresses().to_vec(), |base| vec![base]),
            wants,
        }
    }

    /// Returns a selection without points, to discover the models of a device.
    pub fn without_points() -> Self {
        Self::new(None, Vec::new())
    }

    /// Profile name of such devices in the configuration: `sunspec`.
    pub fn profile_name() -> &'static str {
        SUNSPEC_PROFILE
    }

    /// Possible start addresses of the list, most likely first.
    pub fn base_addresses(&self) -> &[u16] {
        &self.bases
    }

    /// Models with selected points in repeating groups, whose counts must be read.
    pub fn counted_models(&self) -> BTreeSet<u16> {
        let places = self.wants.iter().flat_map(|want| &want.places);
        let grouped = places.filter(|place| !place.steps.is_empty());
        grouped.map(|place| place.model).collect()
    }

    /// Resolves the selected points on a device with these models.
    pub fn resolve_points(&self, models: &[SunSpecModel]) -> ResolvedPoints {
        let mut fitted = ResolvedPoints::default();
        let mut sides = SupportRegisters::default();
        for want in &self.wants {
            let located = locate_point(want, models);
            let slot = located.as_ref().map(|_| fitted.points.len());
            fitted.slots.push(slot);
            let found = located.map(|located| build_point(want, &located, &mut sides));
            fitted.points.extend(found);
        }
        sides.append_to(&mut fitted);
        fitted
    }

    /// Returns the words for the codes or bits of a selected point, by its index, on a device with
    /// these models.
    pub fn describe(&self, index: usize, models: &[u16]) -> PointDescription {
        let want = self.wants.get(index);
        want.map_or_else(PointDescription::default, |want| {
            point_names::describe_places(&want.places, models)
        })
    }

    /// Selected points in order, with their addresses on the shortest list.
    ///
    /// Store, sinks and pages use them before the device is discovered.
    pub(crate) fn nominal_points(&self) -> Vec<Point> {
        let fitted = self.resolve_points(&self.shortest_models());
        let slots = self.wants.iter().zip(&fitted.slots);
        slots
            .map(|(want, slot)| {
                let fitted = slot.map(|slot| fitted.points[slot].clone());
                let mut point = fitted.unwrap_or_else(|| plain_point(0, RegisterEncoding::U16));
                if let Some(access) = point.modbus_mut() {
                    // The partners have no index before the device is discovered.
                    (access.scale_from, access.valid_when) = (None, Vec::new());
                }
                Point {
                    name: want.name.clone(),
                    unit: want.unit.clone(),
                    quantity: want.quantity.clone(),
                    counter: want.counter,
                    min: want.limits.0,
                    max: want.limits.1,
                    // Codes depend on the model that the device has.
                    about: PointDescription::default(),
                    ..point
                }
            })
            .collect()
    }

    /// Registers by address of a device with the shortest list and no implemented value.
    ///
    /// `texts` are texts of the common model by their point names.
    pub fn blank_registers(&self, texts: &[(&str, &str)]) -> BTreeMap<u16, u16> {
        let base = self.bases.first().copied().unwrap_or(0);
        blank_image::build_blank_image(base, &self.shortest_models(), texts)
    }

    /// Shortest model list that contains every selected point.
    pub fn shortest_models(&self) -> Vec<SunSpecModel> {
        // Every device has the common model first (SunSpec).
        let mut wanted: BTreeMap<u16, (u16, GroupCounts)> = BTreeMap::new();
        wanted.insert(COMMON_MODEL, (1, GroupCounts::new()));
        for want in &self.wants {
            let Some(place) = want.places.first() else {
                continue;
            };
            let (times, counts) = wanted.entry(place.model).or_default();
            *times = (*times).max(want.nth);
            raise_counts(place, counts);
        }
        let mut address = self.bases.first().map_or(0, |base| base.saturating_add(2));
        let mut models = Vec::new();
        for (id, (times, counts)) in wanted {
            for _ in 0..times {
                let size = definitions::find_model(id).map_or(0, |model| model.size(&counts));
                let length = u16::try_from(size.saturating_sub(2)).unwrap_or(u16::MAX);
                let mut model = SunSpecModel::new(id, address, length);
                model.counts.extend(counts.clone());
                address = model.next().unwrap_or(address);
                models.push(model);
            }
        }
        models
    }
}

/// Raises the repetition counts so that this path exists.
fn raise_counts(place: &ModelPointPath, counts: &mut GroupCounts) {
    let Some(mut group) = definitions::find_model(place.model) else {
        return;
    };
    for (index, nth) in &place.steps {
        let Some(next) = group.groups.get(*index) else {
            return;
        };
        group = next;
        if let Some(key) = group.count_name() {
            let times = counts.entry(key.to_owned()).or_default();
            *times = (*times).max(*nth);
        }
    }
}

/// Selected point, located in a model of the device.
struct LocatedPoint<'a> {
    model: &'a SunSpecModel,
    encoding: RegisterEncoding,
    missing: i64,
    offset: u64,
    scale: ScaleSource,
}

/// Locates a point: the first of its paths that the device has.
fn locate_point<'a>(want: &WantedPoint, models: &'a [SunSpecModel]) -> Option<LocatedPoint<'a>> {
    want.places.iter().find_map(|place| {
        let mut alike = models.iter().filter(|model| model.id == place.model);
        let model = alike.nth(usize::from(want.nth) - 1)?;
        let definition = definitions::find_model(place.model)?;
        let spot = definition.point_offset(&model.counts, &place.steps, place.point)?;
        let (encoding, missing) = spot.def.encoding()?;
        let inside = |offset: u64, size: u16| offset + u64::from(size) <= model.register_count();
        let scaled = match spot.scale {
            ScaleSource::Fixed(_) => true,
            ScaleSource::Register(offset) => inside(offset, 1),
        };
        (inside(spot.offset, encoding.registers()) && scaled).then_some(LocatedPoint {
            model,
            encoding,
            missing,
            offset: spot.offset,
            scale: spot.scale,
        })
    })
}

/// Registers that selected points depend on, by address: scale factors and model headers.
// They follow the selected points, so their indices are known only when those are complete.
#[derive(Default)]
struct SupportRegisters {
    scales: BTreeMap<u16, Vec<usize>>,
    heads: BTreeMap<u16, (i64, Vec<usize>)>,
    points: usize,
}

fn build_point(want: &WantedPoint, spot: &LocatedPoint<'_>, sides: &mut SupportRegisters) -> Point {
    let index = sides.points;
    sides.points += 1;
    let head = sides.heads.entry(spot.model.address).or_default();
    head.0 = spot.model.header();
    head.1.push(index);
    let mut scale = want.scale;
    match spot.scale {
        // Both exponents add: that of the name's unit and that of the definition.
        ScaleSource::Fixed(power) => scale.factor.1 = scale.factor.1.saturating_add(power),
        ScaleSource::Register(offset) => {
            let address = spot.model.register_at(offset).unwrap_or(0);
            sides.scales.entry(address).or_default().push(index);
        }
    }
    let address = spot.model.register_at(spot.offset).unwrap_or(0);
    Point {
        name: want.name.clone(),
        access: PointAccess::Modbus(ModbusPoint {
            missing: vec![spot.missing],
            ..ModbusPoint::new(ModbusTable::Holding, address, spot.encoding)
        }),
        scale,
        unit: want.unit.clone(),
        quantity: want.quantity.clone(),
        counter: want.counter,
        min: want.limits.0,
        max: want.limits.1,
        about: point_names::describe_places(&want.places, &[spot.model.id]),
        ..plain_point(address, spot.encoding)
    }
}

impl SupportRegisters {
    /// Appends scale factors and headers to the points and links the points to them.
    fn append_to(self, fitted: &mut ResolvedPoints) {
        for (address, users) in self.scales {
            let index = fitted.points.len();
            let scale = ModbusPoint {
                // 0x8000 is "not implemented" of a `sunssf` register.
                missing: vec![0x8000],
                ..ModbusPoint::new(ModbusTable::Holding, address, RegisterEncoding::I16)
            };
            let scale = Point::new("", PointAccess::Modbus(scale));
            fitted.points.push(scale);
            for user in users {
                if let Some(access) = fitted.points[user].modbus_mut() {
                    access.scale_from = Some(index);
                }
            }
        }
        for (address, (holds, users)) in self.heads {
            let index = fitted.points.len();
            fitted
                .points
                .push(plain_point(address, RegisterEncoding::U32));
            fitted.headers.push((index, holds));
            for user in users {
                // Beyond the reach of one read the point is not tied to the header. It stays with
                // its scale factor; the reader checks `headers` all the same.
                if registers_from_head(fitted, user, address) <= REGISTERS_PER_READ_MAX
                    && let Some(access) = fitted.points[user].modbus_mut()
                {
                    access.valid_when = vec![ValidityCondition::one_of(index, &[holds])];
                }
            }
        }
    }
}

/// Registers from a model header to the end of a point and of its scale factor.
fn registers_from_head(fitted: &ResolvedPoints, user: usize, head: u16) -> u16 {
    let access = |index: usize| fitted.points.get(index).and_then(Point::modbus);
    let end = |access: &ModbusPoint| {
        let registers = access.encoding.registers();
        let last = access.address.saturating_add(registers - 1);
        last.saturating_sub(head).saturating_add(1)
    };
    let own = access(user);
    let scale = own.and_then(|own| access(own.scale_from?));
    own.map_or(0, end).max(scale.map_or(0, end))
}

/// Returns a point of holding registers with default values.
fn plain_point(address: u16, encoding: RegisterEncoding) -> Point {
    let access = ModbusPoint::new(ModbusTable::Holding, address, encoding);
    Point::new("", PointAccess::Modbus(access))
}

//! Permanent keys of devices, points and point lists, over all configurations.

use crate::domain::{DeviceInfo, PointInfo, Site};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;
use std::sync::Arc;

use super::varint::{ByteReader, put};

/// Permanent key of a point.
pub(super) type PointKey = u32;
/// Permanent key of a device's list of points.
pub(super) type LayoutKey = u32;

/// Names and layouts behind the keys that blobs contain.
#[derive(Debug)]
pub(super) struct KeyRegistry {
    points: HashMap<Arc<str>, PointKey>,
    layouts: HashMap<LayoutKey, DeviceLayout>,
    /// Layout of each device of the running configuration, by device index.
    current: Vec<LayoutKey>,
    /// Points of the running configuration, in its order.
    pub(super) site: Vec<(Arc<str>, PointKey)>,
    /// Devices that the running configuration has no more, or with other points.
    past: Vec<DeviceInfo>,
}

/// List of points that a device has or had.
#[derive(Debug)]
struct DeviceLayout {
    points: Vec<PointKey>,
    /// Index of the device for those who read the journal: in the running configuration, or after
    /// all of it among the past ones.
    device: Option<u16>,
}

impl KeyRegistry {
    /// Reads the keys of earlier configurations and adds keys for new names.
    pub(super) fn load(db: &mut Connection, site: &Site) -> Result<Self, rusqlite::Error> {
        // One transaction: new names of a configuration are stored together or not at all.
        let lock = db.transaction()?;
        let mut names = Self {
            points: HashMap::new(),
            layouts: HashMap::new(),
            current: Vec::new(),
            site: Vec::new(),
            past: Vec::new(),
        };
        for device in &site.devices {
            let owner = ensure_device(&lock, device)?;
            let mut points = Vec::with_capacity(device.points.len());
            for point in &device.points {
                let key = ensure_point(&lock, point)?;
                names.site.push((Arc::clone(&point.id), key));
                points.push(key);
            }
            names.current.push(ensure_layout(&lock, owner, &points)?);
        }
        names.load_all(&lock)?;
        names.load_past(&lock)?;
        lock.commit()?;
        Ok(names)
    }

    /// Registry that knows the points of some layouts and nothing else; the first layout is 0.
    #[cfg(feature = "fuzz-doors")]
    pub(super) fn of_layouts(layouts: &[&[PointKey]]) -> Self {
        let layout = |points: &&[PointKey]| DeviceLayout {
            points: points.to_vec(),
            device: None,
        };
        Self {
            points: HashMap::new(),
            layouts: (0..).zip(layouts.iter().map(layout)).collect(),
            current: Vec::new(),
            site: Vec::new(),
            past: Vec::new(),
        }
    }

    /// Reads the keys of a file alone, without a configuration.
    pub(super) fn read_kept(db: &Connection) -> Result<Self, rusqlite::Error> {
        let mut names = Self {
            points: HashMap::new(),
            layouts: HashMap::new(),
            current: Vec::new(),
            site: Vec::new(),
            past: Vec::new(),
        };
        names.load_all(db)?;
        Ok(names)
    }

    /// Returns the device of each point, by key.
    pub(super) fn devices_of_points(&self) -> HashMap<PointKey, Arc<str>> {
        let owner = |(name, key): (&Arc<str>, &PointKey)| {
            // The id of a point begins with that of its device.
            let device = name.split('.').next().unwrap_or_default();
            (*key, Arc::from(device))
        };
        self.points.iter().map(owner).collect()
    }

    /// Reads all points and layouts.
    fn load_all(&mut self, db: &Connection) -> Result<(), rusqlite::Error> {
        let mut points = db.prepare("SELECT name, id FROM point")?;
        let mut rows = points.query([])?;
        while let Some(row) = rows.next()? {
            let name: String = row.get(0)?;
            self.points.insert(name.into(), row.get(1)?);
        }
        let indexes = self.current.iter().zip(0..);
        let indexes: HashMap<LayoutKey, u16> = indexes.map(|(key, index)| (*key, index)).collect();
        let mut layouts = db.prepare("SELECT id, points FROM layout")?;
        let mut rows = layouts.query([])?;
        while let Some(row) = rows.next()? {
            let layout = row.get(0)?;
            let points = unpack_keys(row.get_ref(1)?.as_blob().unwrap_or_default());
            let device = indexes.get(&layout).copied();
            self.layouts.insert(layout, DeviceLayout { points, device });
        }
        Ok(())
    }

    /// Reads the devices of layouts that the configuration has no more: their readings may still
    /// wait for a sink, which needs the names.
    fn load_past(&mut self, db: &Connection) -> Result<(), rusqlite::Error> {
        let known = load_points(db)?;
        let mut find = db.prepare(
            "SELECT layout.id, device.name, device.kind FROM layout
             JOIN device ON device.id = layout.device ORDER BY layout.id",
        )?;
        let mut rows = find.query([])?;
        while let Some(row) = rows.next()? {
            let layout: LayoutKey = row.get(0)?;
            let place = u16::try_from(self.current.len() + self.past.len());
            let old = self.layouts.get_mut(&layout);
            let (Some(old), Ok(place)) = (old.filter(|one| one.device.is_none()), place) else {
                continue;
            };
            let (id, kind): (String, String) = (row.get(1)?, row.get(2)?);
            let points: Option<Vec<PointInfo>> = old
                .points
                .iter()
                .map(|key| known.get(key).cloned())
                .collect();
            // A mended file may have lost the names of points.
            let Some(points) = points else { continue };
            old.device = Some(place);
            self.past.push(DeviceInfo {
                id: id.into(),
                bus: Arc::default(),
                profile: None,
                kind: kind.into(),
                every_ms: 0,
                points,
            });
        }
        Ok(())
    }

    /// Returns the devices that the running configuration has no more, or with other points.
    /// `Reading::device` of the journal counts them after those of the configuration.
    pub(super) fn past_devices(&self) -> &[DeviceInfo] {
        &self.past
    }

    /// Returns the key of a point that is or was configured.
    pub(super) fn point(&self, id: &str) -> Option<PointKey> {
        self.points.get(id).copied()
    }

    /// Returns the current layout of a device.
    pub(super) fn layout_key(&self, device: u16) -> Option<LayoutKey> {
        self.current.get(usize::from(device)).copied()
    }

    /// Returns the points of a layout, in the order of its outcomes.
    pub(super) fn layout_points(&self, layout: LayoutKey) -> Option<&[PointKey]> {
        Some(&self.layouts.get(&layout)?.points)
    }

    /// Returns the index of the device that has or had this layout; `None` where a damaged file has
    /// lost its name.
    pub(super) fn device_of_layout(&self, layout: LayoutKey) -> Option<u16> {
        self.layouts.get(&layout)?.device
    }
}

/// Reads the points of all configurations, by key.
fn load_points(db: &Connection) -> Result<HashMap<PointKey, PointInfo>, rusqlite::Error> {
    let mut find = db.prepare("SELECT id, name, unit, quantity, counter FROM point")?;
    let points = find.query_map([], |row| {
        let id: String = row.get(1)?;
        // The id of a point begins with that of its device.
        let name = id.split_once('.').map_or(&*id, |(_, name)| name).into();
        let point = PointInfo {
            name,
            id: id.into(),
            unit: row.get::<_, String>(2)?.into(),
            quantity: row.get::<_, String>(3)?.into(),
            counter: row.get(4)?,
        };
        Ok((row.get(0)?, point))
    })?;
    points.collect()
}

/// Returns the key of a device; adds it, or updates its kind.
fn ensure_device(db: &Connection, device: &DeviceInfo) -> Result<i64, rusqlite::Error> {
    let values = params![&*device.id, &*device.kind];
    let known = db
        .query_row(
            "SELECT id, kind = ?2 FROM device WHERE name = ?1",
            values,
            |row| Ok((row.get(0)?, row.get::<_, bool>(1)?)),
        )
        .optional()?;
    if let Some((id, true)) = known {
        return Ok(id);
    }
    db.query_row(
        "INSERT INTO device(name, kind) VALUES (?1, ?2)
         ON CONFLICT(name) DO UPDATE SET kind = ?2 RETURNING id",
        values,
        |row| row.get(0),
    )
}

/// Returns the key of a point; adds it, or updates its unit and quantity.
fn ensure_point(
    db: &Connection,
    point: &crate::domain::PointInfo,
) -> Result<PointKey, rusqlite::Error> {
    let known = db
        .query_row(
            // Most starts change no point: an update is written only when unit, quantity or counter
            // differ.
            "SELECT id, unit = ?2 AND quantity = ?3 AND counter = ?4 FROM point WHERE name = ?1",
            params![&*point.id, &*point.unit, &*point.quantity, point.counter],
            |row| Ok((row.get::<_, PointKey>(0)?, row.get::<_, bool>(1)?)),
        )
        .optional()?;
    if let Some((id, true)) = known {
        return Ok(id);
    }
    db.query_row(
        "INSERT INTO point(name, unit, quantity, counter) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT(name) DO UPDATE SET unit = ?2, quantity = ?3, counter = ?4 RETURNING id",
        params![&*point.id, &*point.unit, &*point.quantity, point.counter],
        |row| row.get(0),
    )
}

/// Returns the key of a list of points; adds it when it is new.
fn ensure_layout(
    db: &Connection,
    device: i64,
    points: &[PointKey],
) -> Result<LayoutKey, rusqlite::Error> {
    let packed = pack_keys(points);
    let known = db
        .query_row(
            "SELECT id FROM layout WHERE device = ?1 AND points = ?2",
            params![device, packed],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    db.query_row(
        "INSERT INTO layout(device, points) VALUES (?1, ?2) RETURNING id",
        params![device, packed],
        |row| row.get(0),
    )
}

/// Encodes a list of point keys.
fn pack_keys(points: &[PointKey]) -> Vec<u8> {
    let mut out = Vec::with_capacity(points.len() * 2);
    for key in points {
        put(&mut out, u64::from(*key));
    }
    out
}

/// Inverse of `pack`.
fn unpack_keys(blob: &[u8]) -> Vec<PointKey> {
    let mut bytes = ByteReader(blob);
    std::iter::from_fn(|| bytes.read_varint())
        .map_while(|key| PointKey::try_from(key).ok())
        .collect()
}

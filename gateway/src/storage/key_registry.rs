//! Permanent keys of devices, points and point lists, over all configurations.

use crate::domain::{QualityReason, SampleOutcome, Site};
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
}

/// List of points that a device has or had.
#[derive(Debug)]
struct DeviceLayout {
    points: Vec<PointKey>,
    /// Index of the device in the running configuration, and the position of each of its current
    /// points in this list.
    // Kept ready, so that a sink that is behind reads old rows without a search by name.
    today: Option<(u16, Vec<Option<usize>>)>,
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
        };
        let mut owners = HashMap::new();
        for device in &site.devices {
            let owner = ensure_device(&lock, &device.id)?;
            let mut points = Vec::with_capacity(device.points.len());
            for point in &device.points {
                let key = ensure_point(&lock, point)?;
                names.site.push((Arc::clone(&point.id), key));
                points.push(key);
            }
            let index = u16::try_from(names.current.len()).unwrap_or(u16::MAX);
            names.current.push(ensure_layout(&lock, owner, &points)?);
            owners.insert(owner, (index, points));
        }
        names.load_all(&lock, &owners)?;
        lock.commit()?;
        Ok(names)
    }

    /// Registry that knows the points of some layouts and nothing else; the first layout is 0.
    #[cfg(feature = "fuzz-doors")]
    pub(super) fn of_layouts(layouts: &[&[PointKey]]) -> Self {
        let layout = |points: &&[PointKey]| DeviceLayout {
            points: points.to_vec(),
            today: None,
        };
        Self {
            points: HashMap::new(),
            layouts: (0..).zip(layouts.iter().map(layout)).collect(),
            current: Vec::new(),
            site: Vec::new(),
        }
    }

    /// Reads the keys of a file alone, without a configuration.
    pub(super) fn read_kept(db: &Connection) -> Result<Self, rusqlite::Error> {
        let mut names = Self {
            points: HashMap::new(),
            layouts: HashMap::new(),
            current: Vec::new(),
            site: Vec::new(),
        };
        names.load_all(db, &HashMap::new())?;
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
    fn load_all(
        &mut self,
        db: &Connection,
        owners: &HashMap<i64, (u16, Vec<PointKey>)>,
    ) -> Result<(), rusqlite::Error> {
        let mut points = db.prepare("SELECT name, id FROM point")?;
        let mut rows = points.query([])?;
        while let Some(row) = rows.next()? {
            let name: String = row.get(0)?;
            self.points.insert(name.into(), row.get(1)?);
        }
        let mut layouts = db.prepare("SELECT id, device, points FROM layout")?;
        let mut rows = layouts.query([])?;
        while let Some(row) = rows.next()? {
            let then = unpack_keys(row.get_ref(2)?.as_blob().unwrap_or_default());
            let today = owners.get(&row.get(1)?).map(|(index, now)| {
                // Matched by point key: a point keeps its samples when the configuration reorders
                // the device's points.
                let place = |key| then.iter().position(|old| old == key);
                (*index, now.iter().map(place).collect())
            });
            self.layouts.insert(
                row.get(0)?,
                DeviceLayout {
                    points: then,
                    today,
                },
            );
        }
        Ok(())
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

    /// Converts the outcomes of an earlier layout into the current order; a point that was not read
    /// then is `Missing`. `None` when the device is no longer configured.
    pub(super) fn to_current_layout(
        &self,
        layout: LayoutKey,
        outcomes: Box<[SampleOutcome]>,
    ) -> Option<(u16, Box<[SampleOutcome]>)> {
        let (device, places) = self.layouts.get(&layout)?.today.as_ref()?;
        // The usual case: the device has the same points as when the row was written.
        if self.layout_key(*device) == Some(layout) {
            return Some((*device, outcomes));
        }
        let then = |place: &Option<usize>| place.and_then(|place| outcomes.get(place).copied());
        let now = places
            .iter()
            .map(|place| then(place).unwrap_or(SampleOutcome::Bad(QualityReason::Missing)))
            .collect();
        Some((*device, now))
    }
}

/// Returns the key of a device; adds it when it is new.
fn ensure_device(db: &Connection, name: &str) -> Result<i64, rusqlite::Error> {
    let known = db
        .query_row("SELECT id FROM device WHERE name = ?", [name], |row| {
            row.get(0)
        })
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    db.execute("INSERT INTO device(name) VALUES (?)", [name])?;
    Ok(db.last_insert_rowid())
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

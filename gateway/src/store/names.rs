//! Stable numbers for devices, points and the order of a device's points, over every configuration.

use crate::model::{Outcome, Reason, Site};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;
use std::sync::Arc;

use super::bytes::{Bytes, put};

/// Number of a point, for ever.
pub(super) type PointKey = u32;
/// Number of a device's list of points, for ever.
pub(super) type LayoutKey = u32;

/// What the blobs' numbers stand for.
#[derive(Debug)]
pub(super) struct Names {
    points: HashMap<Arc<str>, PointKey>,
    layouts: HashMap<LayoutKey, Layout>,
    /// By index of the device in the running configuration.
    current: Vec<LayoutKey>,
    /// The running configuration's points in its own order.
    pub(super) site: Vec<(Arc<str>, PointKey)>,
}

/// A list of points, once or now that of a device.
#[derive(Debug)]
struct Layout {
    points: Vec<PointKey>,
    /// The device's index today and where each of its points of today stood then.
    today: Option<(u16, Vec<Option<usize>>)>,
}

impl Names {
    /// Reads the numbers of earlier configurations and gives new ones to what is new.
    pub(super) fn load(db: &mut Connection, site: &Site) -> Result<Self, rusqlite::Error> {
        let lock = db.transaction()?;
        let mut names = Self {
            points: HashMap::new(),
            layouts: HashMap::new(),
            current: Vec::new(),
            site: Vec::new(),
        };
        let mut owners = HashMap::new();
        for device in &site.devices {
            let owner = device_key(&lock, &device.id)?;
            let mut points = Vec::with_capacity(device.points.len());
            for point in &device.points {
                let key = point_key(&lock, point)?;
                names.site.push((Arc::clone(&point.id), key));
                points.push(key);
            }
            let index = u16::try_from(names.current.len()).unwrap_or(u16::MAX);
            names.current.push(layout_key(&lock, owner, &points)?);
            owners.insert(owner, (index, points));
        }
        names.read_all(&lock, &owners)?;
        lock.commit()?;
        Ok(names)
    }

    fn read_all(
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
            let then = unpack(row.get_ref(2)?.as_blob().unwrap_or_default());
            let today = owners.get(&row.get(1)?).map(|(index, now)| {
                let place = |key| then.iter().position(|old| old == key);
                (*index, now.iter().map(place).collect())
            });
            self.layouts.insert(
                row.get(0)?,
                Layout {
                    points: then,
                    today,
                },
            );
        }
        Ok(())
    }

    /// The number of a point that is or was configured.
    pub(super) fn point(&self, id: &str) -> Option<PointKey> {
        self.points.get(id).copied()
    }

    /// The running layout of a device.
    pub(super) fn layout(&self, device: u16) -> Option<LayoutKey> {
        self.current.get(usize::from(device)).copied()
    }

    /// The points of a layout, in the order of its outcomes.
    pub(super) fn points(&self, layout: LayoutKey) -> Option<&[PointKey]> {
        Some(&self.layouts.get(&layout)?.points)
    }

    /// Outcomes of an earlier layout in today's order; a point that was not read then is missing.
    /// `None` when the device is no longer configured.
    pub(super) fn today(
        &self,
        layout: LayoutKey,
        outcomes: Box<[Outcome]>,
    ) -> Option<(u16, Box<[Outcome]>)> {
        let (device, places) = self.layouts.get(&layout)?.today.as_ref()?;
        if self.layout(*device) == Some(layout) {
            return Some((*device, outcomes));
        }
        let then = |place: &Option<usize>| place.and_then(|place| outcomes.get(place).copied());
        let now = places
            .iter()
            .map(|place| then(place).unwrap_or(Outcome::Bad(Reason::Missing)))
            .collect();
        Some((*device, now))
    }
}

fn device_key(db: &Connection, name: &str) -> Result<i64, rusqlite::Error> {
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

fn point_key(
    db: &Connection,
    point: &crate::model::PointInfo,
) -> Result<PointKey, rusqlite::Error> {
    let known = db
        .query_row(
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

fn layout_key(
    db: &Connection,
    device: i64,
    points: &[PointKey],
) -> Result<LayoutKey, rusqlite::Error> {
    let packed = pack(points);
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

fn pack(points: &[PointKey]) -> Vec<u8> {
    let mut out = Vec::with_capacity(points.len() * 2);
    for key in points {
        put(&mut out, u64::from(*key));
    }
    out
}

fn unpack(blob: &[u8]) -> Vec<PointKey> {
    let mut bytes = Bytes(blob);
    std::iter::from_fn(|| bytes.number())
        .map_while(|key| PointKey::try_from(key).ok())
        .collect()
}

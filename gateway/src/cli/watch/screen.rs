//! Screen of `pantau watch`: a block for each device, a line for each point.

use super::history::{WatchHistory, WatchedDevice};
use crate::cli::live_devices::{PointSnapshot, round_trip_text};
use crate::i18n::Language;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// Columns left of a sparkline.
const COLUMNS_BEFORE_BARS: u16 = 42;

/// Columns of a number.
const NUMBER_COLUMNS: usize = 12;
/// Columns of a unit, with the space before it.
const UNIT_COLUMNS: usize = 8;

/// Draws the whole screen; `view` is whether it is paused, and the first line that is shown.
pub(super) fn draw_screen(
    frame: &mut Frame<'_>,
    track: &WatchHistory,
    head: &str,
    (paused, first_line): (bool, u16),
    lang: Language,
) {
    let areas = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(1),
    ]);
    let [top, middle, bottom] = areas.areas(frame.area());
    let strong = Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED);
    frame.render_widget(Line::styled(head.to_owned(), strong), top);
    // A narrower terminal shows no sparklines.
    let width = usize::from(middle.width.saturating_sub(COLUMNS_BEFORE_BARS));
    let lines: Vec<Line<'_>> = track
        .devices
        .iter()
        .flat_map(|device| device_block(device, width, lang))
        .collect();
    frame.render_widget(Paragraph::new(lines).scroll((first_line, 0)), middle);
    let keys = if paused {
        "watch-keys-paused"
    } else {
        "watch-keys"
    };
    frame.render_widget(Line::from(lang.text(keys)), bottom);
}

/// Lines of one device: title, points, and the fault with its advice.
fn device_block(device: &WatchedDevice, width: usize, lang: Language) -> Vec<Line<'static>> {
    let mut lines = vec![device_title(device, width, lang)];
    let values = device.look.values.iter();
    lines.extend(values.map(|value| point_line(device, value, width, lang)));
    if let Some(fault) = device.look.counts.fault {
        let red = Style::new().fg(Color::Red);
        let words = lang.text(&format!("reason-{}", fault.word()));
        let detail = &device.look.detail;
        lines.push(Line::styled(format!("  ! {words}. {detail}"), red));
        if !device.look.advice.is_empty() {
            let yellow = Style::new().fg(Color::Yellow);
            lines.push(Line::styled(format!("  > {}", device.look.advice), yellow));
        }
    }
    let period = device.look.slow_period(lang);
    if !period.is_empty() {
        let yellow = Style::new().fg(Color::Yellow);
        lines.push(Line::styled(format!("  > {period}"), yellow));
    }
    lines.push(Line::default());
    lines
}

/// Title line of a device: id, round-trip time in ms, good polls of all, errors by kind.
fn device_title(device: &WatchedDevice, width: usize, lang: Language) -> Line<'static> {
    let counts = &device.look.counts;
    let good = counts.polls.saturating_sub(counts.failures);
    let color = if counts.fault.is_some() {
        Color::Red
    } else {
        Color::Green
    };
    let name = format!("{:<18}", device.look.id);
    let time = round_trip_text(counts.round_trip_ms, lang);
    let facts = format!("{time:>9} ms {good:>6}/{:<5}", counts.polls);
    let errors = device
        .errors
        .iter()
        .map(|(kind, count)| format!("  {kind} {count}"));
    Line::from(vec![
        Span::styled(name, Style::new().fg(color).add_modifier(Modifier::BOLD)),
        Span::raw(facts),
        Span::raw(" "),
        Span::styled(
            device.round_trips.render_bars(width / 2),
            Style::new().fg(Color::Blue),
        ),
        Span::styled(errors.collect::<String>(), Style::new().fg(Color::Red)),
    ])
}

/// Line of one point: value, sparkline, and the reason of a doubtful value.
fn point_line(
    device: &WatchedDevice,
    value: &PointSnapshot,
    width: usize,
    lang: Language,
) -> Line<'static> {
    let text = lang.locale().plain_digits(&value.text);
    let shown = if value.unit.is_empty() && text.chars().count() > NUMBER_COLUMNS {
        // Words are longer than numbers, and a code has no unit.
        format!("{text:<0$.0$}", NUMBER_COLUMNS + UNIT_COLUMNS)
    } else {
        let number = format!("{text:>NUMBER_COLUMNS$} ");
        format!("{number}{:<1$}", value.unit, UNIT_COLUMNS - 1)
    };
    let place = format!("  {:<20}{shown}", value.name);
    let bars = device
        .values
        .get(&value.name)
        .map(|history| history.render_bars(width));
    // The fault of the whole device is shown once, below the points.
    let own = value
        .reason
        .filter(|reason| device.look.counts.fault != Some(*reason));
    let doubt = own.map(|reason| lang.text(&format!("reason-{}", reason.word())));
    Line::from(vec![
        Span::raw(place),
        Span::styled(bars.unwrap_or_default(), Style::new().fg(Color::Cyan)),
        Span::styled(
            format!(" {}", doubt.unwrap_or_default()),
            Style::new().fg(Color::Yellow),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::watch::tests::example_snapshot;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn draw_to_text(track: &WatchHistory, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let view = (false, 0);
        terminal
            .draw(|frame| draw_screen(frame, track, "Desa", view, Language::En))
            .unwrap();
        let buffer = terminal.backend().buffer().clone();
        let cells = buffer.content().chunks(usize::from(width));
        let rows = cells.map(|row| {
            row.iter()
                .map(ratatui::buffer::Cell::symbol)
                .collect::<String>()
        });
        rows.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn values_sparklines_and_round_trips_are_on_the_screen() {
        let mut track = WatchHistory::default();
        for polls in 1..=4u8 {
            track.record_snapshots(vec![example_snapshot(
                polls.into(),
                0,
                Some(f64::from(polls)),
            )]);
        }
        let text = draw_to_text(&track, 80, 10);
        assert!(text.contains("meter"), "{text}");
        assert!(text.contains("12.0 ms"), "{text}");
        assert!(text.contains("▁▃▆█"), "{text}");
    }

    #[test]
    fn a_silent_device_is_told_with_what_to_do() {
        let mut track = WatchHistory::default();
        track.record_snapshots(vec![example_snapshot(1, 1, None)]);
        let text = draw_to_text(&track, 80, 10);
        assert!(text.contains("the device did not answer"), "{text}");
        assert!(text.contains("check A/B"), "{text}");
    }

    #[test]
    fn the_smallest_terminal_is_no_panic() {
        let mut track = WatchHistory::default();
        track.record_snapshots(vec![example_snapshot(1, 0, Some(1.0))]);
        draw_to_text(&track, 1, 1);
        draw_to_text(&WatchHistory::default(), 3, 2);
    }
}

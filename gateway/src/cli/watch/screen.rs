//! The screen of `pantau watch`: a block a device, a line a point.

use super::track::{Track, Tracked};
use crate::cli::source::Shown;
use crate::words::Lang;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// Columns before a sparkline.
const BEFORE_BARS: u16 = 42;

/// Draws everything; `view` is whether it stands still, and the first line shown.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    track: &Track,
    head: &str,
    (paused, first_line): (bool, u16),
    lang: Lang,
) {
    let areas = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(1),
    ]);
    let [top, middle, bottom] = areas.areas(frame.area());
    let strong = Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED);
    frame.render_widget(Line::styled(head.to_owned(), strong), top);
    let width = usize::from(middle.width.saturating_sub(BEFORE_BARS));
    let lines: Vec<Line<'_>> = track
        .devices
        .iter()
        .flat_map(|device| block(device, width, lang))
        .collect();
    frame.render_widget(Paragraph::new(lines).scroll((first_line, 0)), middle);
    let keys = if paused {
        "watch-keys-paused"
    } else {
        "watch-keys"
    };
    frame.render_widget(Line::from(lang.text(keys)), bottom);
}

fn block(device: &Tracked, width: usize, lang: Lang) -> Vec<Line<'static>> {
    let mut lines = vec![title(device, width)];
    let values = device.look.values.iter();
    lines.extend(values.map(|value| row(device, value, width, lang)));
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
    lines.push(Line::default());
    lines
}

fn title(device: &Tracked, width: usize) -> Line<'static> {
    let counts = &device.look.counts;
    let good = counts.polls.saturating_sub(counts.failures);
    let color = if counts.fault.is_some() {
        Color::Red
    } else {
        Color::Green
    };
    let name = format!("{:<18}", device.look.id);
    let facts = format!(
        "{:>9.1} ms {good:>6}/{:<5}",
        counts.round_trip_ms, counts.polls
    );
    let errors = device
        .errors
        .iter()
        .map(|(kind, count)| format!("  {kind} {count}"));
    Line::from(vec![
        Span::styled(name, Style::new().fg(color).add_modifier(Modifier::BOLD)),
        Span::raw(facts),
        Span::raw(" "),
        Span::styled(
            device.round_trips.bars(width / 2),
            Style::new().fg(Color::Blue),
        ),
        Span::styled(errors.collect::<String>(), Style::new().fg(Color::Red)),
    ])
}

fn row(device: &Tracked, value: &Shown, width: usize, lang: Lang) -> Line<'static> {
    let place = format!("  {:<20}{:>12} {:<7}", value.name, value.text, value.unit);
    let bars = device
        .values
        .get(&value.name)
        .map(|history| history.bars(width));
    // A device that gives nothing says so once, below.
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
    use crate::cli::watch::tests::look;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn drawn(track: &Track, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let view = (false, 0);
        terminal
            .draw(|frame| draw(frame, track, "Desa", view, Lang::En))
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
        let mut track = Track::default();
        for polls in 1..=4u8 {
            track.take(vec![look(polls.into(), 0, Some(f64::from(polls)))]);
        }
        let text = drawn(&track, 80, 10);
        assert!(text.contains("meter"), "{text}");
        assert!(text.contains("12.0 ms"), "{text}");
        assert!(text.contains("▁▃▆█"), "{text}");
    }

    #[test]
    fn a_silent_device_is_told_with_what_to_do() {
        let mut track = Track::default();
        track.take(vec![look(1, 1, None)]);
        let text = drawn(&track, 80, 10);
        assert!(text.contains("the device did not answer"), "{text}");
        assert!(text.contains("check A/B"), "{text}");
    }

    #[test]
    fn the_smallest_terminal_is_no_panic() {
        let mut track = Track::default();
        track.take(vec![look(1, 0, Some(1.0))]);
        drawn(&track, 1, 1);
        drawn(&Track::default(), 3, 2);
    }
}

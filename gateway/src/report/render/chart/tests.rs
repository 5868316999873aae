use super::*;
use crate::report::render::cell_value::ValueKind;
use jiff::civil::Date;

fn test_chart(form: ChartForm, values: &[Option<f64>]) -> ReportChart {
    let first = Date::constant(2026, 11, 1);
    let days = (0_i64..).map(|day| first + jiff::Span::new().days(day));
    ReportChart {
        id: "c".to_owned(),
        title: "A <plot> & \"more\"".to_owned(),
        form,
        kind: ValueKind::number("kWh", 1),
        along: ChartSteps::Days(days.take(values.len()).collect()),
        series: vec![ChartSeries {
            id: "s".to_owned(),
            label: "<script>".to_owned(),
            values: values.to_vec(),
        }],
        target: Some(ChartTarget {
            label: "T".to_owned(),
            value: 4.0,
        }),
    }
}

fn assert_inside(scene: &ChartDrawing) {
    let held = |x: f64, y: f64| {
        let wide = -0.5..=scene.width + 0.5;
        let high = -0.5..=scene.height + 0.5;
        assert!(wide.contains(&x) && high.contains(&y), "{x} {y}");
    };
    for mark in &scene.marks {
        match mark {
            DrawingMark::Rect([x, y, wide, high], _) => {
                held(*x, *y);
                held(x + wide, y + high);
            }
            DrawingMark::Line { points, .. } | DrawingMark::Area(points, _) => {
                for (x, y) in points {
                    held(*x, *y);
                }
            }
            DrawingMark::Dot(x, y, ..) => held(*x, *y),
            DrawingMark::Text { at, .. } => held(at.0, at.1),
        }
    }
}

const ALL_FORMS: [ChartForm; 5] = [
    ChartForm::Line,
    ChartForm::Bars,
    ChartForm::Stacked,
    ChartForm::Calendar,
    ChartForm::Strips,
];

#[test]
fn nothing_leaves_the_drawing() {
    for form in ALL_FORMS {
        for values in [
            vec![Some(1.0), None, Some(-3.5), Some(9.9)],
            vec![None; 31],
            vec![Some(0.0)],
            vec![],
        ] {
            assert_inside(&test_chart(form, &values).draw(Language::Id, 500.0));
        }
    }
}

#[test]
fn names_cannot_break_out_of_the_svg() {
    for form in ALL_FORMS {
        let svg = test_chart(form, &[Some(1.0)])
            .draw(Language::En, 300.0)
            .to_svg();
        assert!(
            !svg.contains("<script>") && !svg.contains("<plot>"),
            "{svg}"
        );
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
    }
}

#[test]
fn months_without_data_and_half_measured_ones_are_seen_as_such() {
    let mut chart = test_chart(ChartForm::Bars, &[None, None, None, Some(2.0), Some(9.0)]);
    let names = ["Jan", "Feb", "Mar", "Apr*", "May"].map(str::to_owned);
    chart.along = ChartSteps::Labels(names.to_vec());
    for width in [500.0, 140.0] {
        let svg = chart.draw(Language::En, width).to_svg();
        assert!(svg.contains("* a part of it was measured"), "{svg}");
        assert!(svg.contains(">no data<") || width < 200.0, "{svg}");
        let marks = svg.matches("*</text>").count();
        assert_eq!(marks, 1, "{width}: {svg}");
        assert_inside(&chart.draw(Language::En, width));
    }
}

#[test]
fn a_missing_day_is_marked_and_has_no_bar() {
    let scene = test_chart(ChartForm::Bars, &[Some(2.0), None]).draw(Language::Id, 300.0);
    let rects = |wanted: DrawingColour| {
        let mut marks = scene.marks.iter();
        marks.any(
            |mark| matches!(mark, DrawingMark::Rect([x, ..], ink) if *ink == wanted && *x > 100.0),
        )
    };
    assert!(rects(DrawingColour::Missing));
    let bars = scene.marks.iter().filter(|mark| match mark {
        DrawingMark::Rect([_, _, _, high], DrawingColour::Series(_)) => *high > 7.0,
        _ => false,
    });
    assert_eq!(bars.count(), 1);
}

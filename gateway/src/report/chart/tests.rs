use super::*;

fn chart(form: Form, values: &[Option<f64>]) -> Chart {
    let first = Date::constant(2026, 11, 1);
    let days = (0_i64..).map(|day| first + jiff::Span::new().days(day));
    Chart {
        id: "c".to_owned(),
        title: "A <plot> & \"more\"".to_owned(),
        form,
        kind: Kind::number("kWh", 1),
        along: Along::Days(days.take(values.len()).collect()),
        series: vec![Series {
            id: "s".to_owned(),
            label: "<script>".to_owned(),
            values: values.to_vec(),
        }],
        target: Some(Target {
            label: "T".to_owned(),
            value: 4.0,
        }),
    }
}

fn inside(scene: &Scene) {
    let held = |x: f64, y: f64| {
        let wide = -0.5..=scene.width + 0.5;
        let high = -0.5..=scene.height + 0.5;
        assert!(wide.contains(&x) && high.contains(&y), "{x} {y}");
    };
    for mark in &scene.marks {
        match mark {
            Mark::Rect([x, y, wide, high], _) => {
                held(*x, *y);
                held(x + wide, y + high);
            }
            Mark::Line { points, .. } => points.iter().for_each(|(x, y)| held(*x, *y)),
            Mark::Dot(x, y, ..) => held(*x, *y),
            Mark::Text { at, .. } => held(at.0, at.1),
        }
    }
}

const FORMS: [Form; 4] = [Form::Line, Form::Bars, Form::Stacked, Form::Calendar];

#[test]
fn nothing_leaves_the_drawing() {
    for form in FORMS {
        for values in [
            vec![Some(1.0), None, Some(-3.5), Some(9.9)],
            vec![None; 31],
            vec![Some(0.0)],
            vec![],
        ] {
            inside(&chart(form, &values).scene(Lang::Id, 500.0));
        }
    }
}

#[test]
fn names_cannot_break_out_of_the_svg() {
    for form in FORMS {
        let svg = chart(form, &[Some(1.0)]).scene(Lang::En, 300.0).svg();
        assert!(
            !svg.contains("<script>") && !svg.contains("<plot>"),
            "{svg}"
        );
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
    }
}

#[test]
fn a_missing_day_is_marked_and_has_no_bar() {
    let scene = chart(Form::Bars, &[Some(2.0), None]).scene(Lang::Id, 300.0);
    let rects = |wanted: Ink| {
        let mut marks = scene.marks.iter();
        marks.any(|mark| matches!(mark, Mark::Rect([x, ..], ink) if *ink == wanted && *x > 100.0))
    };
    assert!(rects(Ink::Missing));
    let bars = scene
        .marks
        .iter()
        .filter(|mark| matches!(mark, Mark::Rect([_, _, _, high], Ink::Series(_)) if *high > 7.0));
    assert_eq!(bars.count(), 1);
}

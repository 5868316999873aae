//! No file of a room needs a file that needs it: a file can be read after the files it names.
//!
//! A name that a module gives on (`pub use`) belongs to the file that defines it. Methods have no
//! path and count for nothing, and neither does what a macro makes of a list of names.

use crate::source::{SourceFile, closing_bracket, word_places};
use crate::tidy::{assert_no_faults, gateway_sources};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

/// Names that a module knows from elsewhere, with the full path of each.
type KnownNames = BTreeMap<String, Vec<String>>;

/// Names that a file needs, by the module that defines them.
type NeededNames = BTreeMap<String, BTreeSet<String>>;

/// Module paths through re-exports; more are a loop.
const STEPS_MAX: usize = 8;

/// Import of a file: its position, its tree of paths, and whether others see it.
struct UseStatement<'a> {
    from: usize,
    tree: &'a str,
    is_public: bool,
}

/// Product files by module path, with the names that each knows by its imports.
struct ModuleTree<'a> {
    files: BTreeMap<String, &'a SourceFile>,
    known: BTreeMap<String, KnownNames>,
}

impl<'a> ModuleTree<'a> {
    fn new(sources: &'a [SourceFile]) -> Self {
        let all = sources.iter().map(|source| (module_of(source), source));
        let all: BTreeMap<String, &SourceFile> = all.collect();
        // A module that is declared for tests only is no part of the product.
        let is_product = |module: &str| match module.rsplit_once("::") {
            None => true,
            Some((parent, name)) => all.get(parent).is_none_or(|parent| {
                let declared = format!("mod {name};");
                word_places(&parent.product, &declared).next().is_some()
            }),
        };
        let files = all.iter().filter(|(module, _)| is_product(module));
        let files = files
            .map(|(module, source)| (module.clone(), *source))
            .collect();
        let mut tree = Self {
            files,
            known: BTreeMap::new(),
        };
        for (module, source) in &tree.files {
            let known = tree.known_names(module, source);
            tree.known.insert(module.clone(), known);
        }
        tree
    }

    /// Returns what the imports of a file make known in it.
    fn known_names(&self, module: &str, source: &SourceFile) -> KnownNames {
        let mut known = KnownNames::new();
        let inner = inner_modules(&source.product);
        for one in use_statements(&source.product) {
            for (path, name) in tree_paths(one.tree) {
                let depth = depth_at(&inner, one.from);
                let Some(full) = self.full_path(module, depth, &path) else {
                    continue;
                };
                if name != "*" {
                    known.insert(name, full);
                    continue;
                }
                let target = full[..full.len() - 1].to_vec();
                if let Some(file) = self.files.get(&target.join("::")) {
                    let path = |name: String| [target.clone(), vec![name]].concat();
                    let names = defined_names(&file.product).into_iter();
                    known.extend(names.map(|name| (name.clone(), path(name))));
                }
            }
        }
        known
    }

    /// Returns a path from the root of the gateway; `None` for a path into another crate. `depth`
    /// is the number of modules within the file that stand around the path.
    fn full_path(&self, module: &str, depth: usize, path: &[String]) -> Option<Vec<String>> {
        let own: Vec<String> = module.split("::").map(str::to_owned).collect();
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([own, rest.to_vec()].concat()),
            "super" => {
                let up = path.iter().take_while(|part| *part == "super").count();
                let kept = own.len().checked_sub(up.saturating_sub(depth))?;
                Some([&own[..kept], &path[up..]].concat())
            }
            child if self.files.contains_key(&format!("{module}::{child}")) => {
                Some([own, path.to_vec()].concat())
            }
            name => {
                let known = self.known.get(module)?.get(name)?;
                Some([known.as_slice(), rest].concat())
            }
        }
    }

    /// Returns the module that defines what a full path names, and the name; an empty name for a
    /// module itself.
    fn defining_module(&self, mut path: Vec<String>) -> Option<(String, String)> {
        for _ in 0..STEPS_MAX {
            let inside = |len: &usize| self.files.contains_key(&path[..*len].join("::"));
            let len = (1..=path.len()).rev().find(inside)?;
            let module = path[..len].join("::");
            let Some(name) = path.get(len) else {
                return Some((module, String::new()));
            };
            match self.known.get(&module).and_then(|known| known.get(name)) {
                Some(origin) if *origin != path[..=len] => {
                    path = [origin.as_slice(), &path[len + 1..]].concat();
                }
                _ => return Some((module, name.clone())),
            }
        }
        None
    }

    /// Returns the names that a file needs from other files of its room.
    fn needed_names(&self, module: &str, source: &SourceFile) -> NeededNames {
        let mut needed = NeededNames::new();
        let room = module.split("::").next();
        let mut add = |full: Option<Vec<String>>| {
            let found = full.and_then(|full| self.defining_module(full));
            if let Some((other, name)) = found
                && !name.is_empty()
                && other != module
                && other.split("::").next() == room
            {
                needed.entry(other).or_default().insert(name);
            }
        };
        let inner = inner_modules(&source.product);
        let mut body = source.product.clone().into_bytes();
        for one in use_statements(&source.product) {
            body[one.from..one.from + one.tree.len()].fill(b' ');
            let depth = depth_at(&inner, one.from);
            // What is only given on is not needed here, unless the body names it.
            for (path, _) in tree_paths(one.tree) {
                if !one.is_public {
                    add(self.full_path(module, depth, &path));
                }
            }
        }
        let body = String::from_utf8(body).unwrap();
        let paths = body_paths(&body).into_iter();
        let paths: BTreeSet<(usize, Vec<String>)> = paths
            .map(|(at, path)| (depth_at(&inner, at), path))
            .collect();
        for (depth, path) in paths {
            add(self.full_path(module, depth, &path));
        }
        needed
    }
}

/// Returns a file's module path, without `mod`.
fn module_of(source: &SourceFile) -> String {
    let inner = source.path.strip_prefix("gateway/src/").unwrap_or_default();
    let inner = inner.strip_suffix(".rs").unwrap_or(inner);
    let inner = inner.strip_suffix("/mod").unwrap_or(inner);
    inner.replace('/', "::")
}

/// Returns the imports in `code`.
fn use_statements(code: &str) -> Vec<UseStatement<'_>> {
    let statement = |at: usize| {
        let from = at + "use ".len();
        let end = from + code.get(from..)?.find(';')?;
        let before = code[..at].trim_end();
        let begins = before.is_empty() || before.ends_with([';', '{', '}', ']']);
        let seen = before.rsplit_once("pub").map(|(_, rest)| rest);
        let is_public = seen.is_some_and(|rest| {
            rest.is_empty()
                || rest.starts_with('(') && closing_bracket(rest, 0) == Some(rest.len() - 1)
        });
        (begins || is_public).then_some(UseStatement {
            from,
            tree: &code[from..end],
            is_public,
        })
    };
    word_places(code, "use").filter_map(statement).collect()
}

/// Returns the paths of a tree of imports, each with the name under which it is known.
fn tree_paths(tree: &str) -> Vec<(Vec<String>, String)> {
    if let Some(open) = tree.find('{') {
        let end = closing_bracket(tree, open).unwrap_or(tree.len());
        let items = list_items(&tree[open + 1..end]).into_iter();
        let paths = items.map(|item| format!("{}{}", &tree[..open], item.trim()));
        return paths.flat_map(|path| tree_paths(&path)).collect();
    }
    let (path, alias) = match tree.split_once(" as ") {
        Some((path, alias)) => (path, Some(alias.trim().to_owned())),
        None => (tree, None),
    };
    let mut parts: Vec<String> = path
        .split("::")
        .map(|part| part.trim().to_owned())
        .collect();
    if parts.len() > 1 && parts.last().is_some_and(|last| last == "self") {
        parts.pop();
    }
    let name = alias.or_else(|| parts.last().cloned());
    name.map(|name| (parts, name)).into_iter().collect()
}

/// Returns the items of a comma list, groups in braces whole.
fn list_items(list: &str) -> Vec<&str> {
    let mut depth = 0;
    let items = list.split(|c| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    });
    items.filter(|item| !item.trim().is_empty()).collect()
}

/// Returns the paths in code without imports, with their positions. A single word is one when it
/// can only be a type, a constant or a call.
fn body_paths(body: &str) -> Vec<(usize, Vec<String>)> {
    let in_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let mut found = Vec::new();
    let mut at = 0;
    for piece in body.split_inclusive(|c| !in_path(c)) {
        let start = at;
        at += piece.len();
        let path = piece.trim_end_matches(|c| !in_path(c));
        let path = path.trim_end_matches(':');
        if path.is_empty() {
            continue;
        }
        let parts: Vec<String> = path.split("::").map(str::to_owned).collect();
        let before = body[..start].trim_end();
        let is_named = parts.len() > 1
            || path.starts_with(char::is_uppercase)
            || piece.ends_with('(') && !before.ends_with(['.', '|']) && !before.ends_with("fn");
        if is_named && !before.ends_with("struct") && !before.ends_with("enum") {
            found.push((start, parts));
        }
    }
    found
}

/// Returns the names of the items that a file defines.
fn defined_names(code: &str) -> BTreeSet<String> {
    let words = ["struct", "enum", "trait", "type", "const", "static", "fn"];
    let name = |at: usize| -> String {
        let rest = code[at..].trim_start().chars();
        rest.take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let of = |word: &'static str| word_places(code, word).map(move |at| at + word.len());
    words.into_iter().flat_map(of).map(name).collect()
}

/// Returns the places of the modules that are written within a file.
fn inner_modules(code: &str) -> Vec<Range<usize>> {
    let place = |from: usize| {
        let open = from + code[from..].find(['{', ';'])?;
        let end = closing_bracket(code, open).filter(|end| *end > open)?;
        Some(open..end)
    };
    word_places(code, "mod").filter_map(place).collect()
}

/// Returns the number of modules within the file that stand around a position.
fn depth_at(inner: &[Range<usize>], at: usize) -> usize {
    inner.iter().filter(|place| place.contains(&at)).count()
}

/// Returns the circles of files in each room, each as a sentence that names what makes it.
fn circles(sources: &[SourceFile]) -> Vec<String> {
    let tree = ModuleTree::new(sources);
    let files = tree.files.iter();
    let needs: BTreeMap<String, NeededNames> = files
        .map(|(module, source)| (module.clone(), tree.needed_names(module, source)))
        .collect();
    let mut told = BTreeSet::new();
    let mut faults = Vec::new();
    for module in needs.keys() {
        if told.contains(module) {
            continue;
        }
        if let Some(circle) = shortest_circle(&needs, module) {
            let arrow = |pair: &[String]| {
                let names = needs[&pair[0]][&pair[1]].iter().map(String::as_str);
                let names: Vec<&str> = names.collect();
                format!(
                    "{} needs {} of {}",
                    tree.files[&pair[0]].path,
                    names.join(", "),
                    tree.files[&pair[1]].path
                )
            };
            let arrows: Vec<String> = circle.windows(2).map(arrow).collect();
            faults.push(format!(
                "{}: a circle: move what they share to a file of its own",
                arrows.join("; ")
            ));
            told.extend(circle);
        }
    }
    faults
}

/// Returns the modules of the shortest way from a module back to it, the module at both ends.
fn shortest_circle(needs: &BTreeMap<String, NeededNames>, module: &str) -> Option<Vec<String>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = VecDeque::from([module]);
    while let Some(at) = queue.pop_front() {
        for next in needs.get(at).into_iter().flat_map(BTreeMap::keys) {
            if next == module {
                let mut way = vec![module.to_owned(), at.to_owned()];
                while *way.last()? != module {
                    let last = way.last()?.clone();
                    way.push((*before.get(last.as_str())?).to_owned());
                }
                way.reverse();
                return Some(way);
            }
            if !before.contains_key(next.as_str()) {
                before.insert(next, at);
                queue.push_back(next);
            }
        }
    }
    None
}

#[test]
fn no_file_of_a_room_needs_one_that_needs_it() {
    assert_no_faults(&circles(&gateway_sources()));
}

/// Circles of a made-up room `yard` with these files.
fn yard_circles(files: &[(&str, &str)]) -> Vec<String> {
    let source = |(name, text): &(&str, &str)| {
        SourceFile::new(format!("gateway/src/yard/{name}.rs"), (*text).to_owned())
    };
    let sources: Vec<SourceFile> = files.iter().map(source).collect();
    circles(&sources)
}

#[test]
fn a_circle_through_a_name_that_is_given_on_is_found() {
    let room = "mod gate;\nmod fence;\npub use fence::{Post as Pole, Rail};\n";
    let gate = "use crate::yard::{Pole};\npub struct Hinge(Pole);\n";
    let found = yard_circles(&[
        ("mod", room),
        ("gate", gate),
        ("fence", "use super::gate;\npub struct Post(gate::Hinge);\n"),
    ]);
    assert_eq!(
        found,
        [
            "gateway/src/yard/fence.rs needs Hinge of gateway/src/yard/gate.rs; \
             gateway/src/yard/gate.rs needs Post of gateway/src/yard/fence.rs: a circle: move what \
             they share to a file of its own"
        ]
    );
    // The module that gives a name on does not need it, and tests may name everything.
    let tests =
        "pub struct Post;\n#[cfg(test)]\nmod tests {\n    use super::super::gate::Hinge;\n}\n";
    assert!(yard_circles(&[("mod", room), ("gate", gate), ("fence", tests)]).is_empty());
}

#[test]
fn a_circle_of_a_module_and_its_part_is_found() {
    let part = "use super::Yard;\npub(super) fn swing(_: &Yard) {}\n";
    let calls = "mod gate;\npub struct Yard;\nfn open() {\n    gate::swing(&Yard);\n}\n";
    assert_eq!(yard_circles(&[("mod", calls), ("gate", part)]).len(), 1);
    let given = "mod gate;\npub use gate::swing;\npub struct Yard;\nfn open() { swing(&Yard) }\n";
    assert_eq!(yard_circles(&[("mod", given), ("gate", part)]).len(), 1);
    let apart = "mod gate;\npub use gate::swing;\npub struct Yard;\n";
    assert!(yard_circles(&[("mod", apart), ("gate", part)]).is_empty());
    // `super` within a module of the file is the file itself.
    let inner = "use super::Yard;\nfn open() {}\nmod bolt {\n    fn a() { super::open() }\n}\n";
    assert!(yard_circles(&[("mod", apart), ("gate", inner)]).is_empty());
    assert!(yard_circles(&[("mod", "mod gate;\npub fn open() {}\n"), ("gate", inner)]).is_empty());
}

#[test]
fn a_circle_of_three_files_is_found_once() {
    let found = yard_circles(&[
        ("mod", "mod a;\nmod b;\nmod c;\n#[cfg(test)]\nmod d;\n"),
        ("a", "pub(crate) struct A(crate::yard::b::B);\n"),
        ("b", "use super::c::{C};\npub(crate) struct B(C);\n"),
        ("c", "pub(crate) struct C(Vec<super::a::A>);\n"),
        ("d", "use super::a::A;\n"),
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("gateway/src/yard/a.rs needs B of gateway/src/yard/b.rs; "));
}

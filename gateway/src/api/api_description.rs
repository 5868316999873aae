//! Parts of `/api/openapi.json` that every operation has alike.

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::{OpenApi, Ref, RefOr, Response, ResponseBuilder};

/// Describes refusals: whatever else an operation answers, it is an `ApiError`, also where the
/// server refuses a request before the operation sees it (host, origin, length, time).
pub(super) fn describe_refusals(description: &mut OpenApi) {
    for item in description.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.delete,
            &mut item.patch,
        ];
        for operation in operations.into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            responses.insert("default".to_owned(), refusal_response());
        }
    }
}

fn refusal_response() -> RefOr<Response> {
    let schema = Ref::from_schema_name("ApiError");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description("Any other status: a refusal")
        .content("application/json", content)
        .into()
}

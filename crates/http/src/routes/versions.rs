//! Versions of what was reviewed, by their digests: bytes that never change.

use std::ops::Range;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;

use crate::answer::{Answered, ApiError, in_pieces};
use crate::app::Asker;
use crate::params::VersionPath;

/// The bytes of one version of an artifact, whatever is under review now. They are as immutable as the digest that names them: they may be
/// kept (`ETag`, `If-None-Match`) and read in part (`Range`, one range of bytes).
#[utoipa::path(get, path = "/jobs/{id}/versions/{digest}", tag = "jobs", operation_id = "read_version",
    params(
        ("id" = String, Path, description = "The job"),
        ("digest" = String, Path, pattern = "^[0-9a-fA-F]{64}$", description = "SHA-256 of the version"),
        ("Range" = Option<String>, Header, description = "`bytes=FIRST-LAST`, `bytes=FIRST-` or `bytes=-LENGTH`"),
        ("If-Range" = Option<String>, Header, description = "The part only where this is the `ETag`; else all"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` that is known: 304 where it is the same"),
    ),
    responses(
        (status = 200, description = "The bytes", content_type = "application/octet-stream", body = String),
        (status = 206, description = "The part that was asked for", content_type = "application/octet-stream", body = String),
        (status = 304, description = "It is known already"),
        (status = 416, description = "There are no such bytes: `Content-Range` says how many there are", body = serde_json::Value),
    ))]
pub(crate) async fn version(
    Asker { app, .. }: Asker,
    VersionPath(job_id, digest): VersionPath,
    headers: HeaderMap,
) -> Answered {
    let gone = || ApiError::not_found(format!("job {job_id} keeps no version {digest}"));
    let size_bytes = app.read(app.engine.version_size_bytes(&job_id, digest)).await?;
    let size_bytes = size_bytes.ok_or_else(gone)?;
    let tag = format!("\"{digest}\"");
    let given = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let kept = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable".to_owned()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
    ];
    let is_known = |tags: &str| {
        tags.split(',')
            .any(|one| [&tag, "*"].contains(&one.trim().trim_start_matches("W/")))
    };
    if given(header::IF_NONE_MATCH).is_some_and(is_known) {
        return Ok((StatusCode::NOT_MODIFIED, kept).into_response());
    }
    let place = app.answer_place(size_bytes)?;
    let bytes = app.read(app.engine.version(&job_id, digest)).await?.ok_or_else(gone)?;
    let bytes = Bytes::from_owner(bytes);
    let range = given(header::RANGE).filter(|_| given(header::IF_RANGE).is_none_or(|one| one == tag));
    let described = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, "attachment".to_owned()),
    ];
    match range.and_then(|range| part_of(range, bytes.len())) {
        None => Ok((kept, described, in_pieces(bytes, place)).into_response()),
        Some(part) if part.is_empty() => {
            let detail = format!("version {digest} has {} bytes, and none of those", bytes.len());
            let error = ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, "no_such_bytes", detail);
            let about = [(header::CONTENT_RANGE, format!("bytes */{}", bytes.len()))];
            Ok((about, error).into_response())
        }
        Some(part) => {
            let about = format!("bytes {}-{}/{}", part.start, part.end - 1, bytes.len());
            let about = [(header::CONTENT_RANGE, about)];
            let body = in_pieces(bytes.slice(part), place);
            Ok((StatusCode::PARTIAL_CONTENT, kept, described, about, body).into_response())
        }
    }
}

/// The part that a header asks for (RFC 9110 §14.1.2), empty where there are no such bytes. None:
/// it asks for no part that we know, and so for all.
fn part_of(range: &str, size: usize) -> Option<Range<usize>> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| text.trim().parse::<usize>().ok();
    match (first.trim(), last.trim()) {
        ("", length) => Some(size.saturating_sub(number(length)?)..size),
        (first, "") => Some(number(first)?..size),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then(|| first..last.saturating_add(1).min(size))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_a_part_or_none_that_is_there_or_all() {
        for (range, part) in [
            ("bytes=0-0", Some(0..1)),
            ("bytes=2-", Some(2..10)),
            ("bytes=-3", Some(7..10)),
            ("bytes=-30", Some(0..10)),
            ("bytes=8-99", Some(8..10)),
            ("bytes= 1 - 2 ", Some(1..3)),
        ] {
            assert_eq!(part_of(range, 10), part, "{range}");
        }
        for range in ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=18446744073709551615-"] {
            assert!(part_of(range, 10).unwrap().is_empty(), "{range}");
        }
        assert!(part_of("bytes=0-", 0).unwrap().is_empty());
        for range in [
            "bytes=3-2",
            "bytes=-",
            "bytes=0-1,3-4",
            "lines=0-1",
            "bytes=a-b",
            "bytes=99999999999999999999-",
        ] {
            assert_eq!(part_of(range, 10), None, "{range}");
        }
    }
}

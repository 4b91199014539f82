//! The token as it goes over the line, and how it is found anew once the server refuses it.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use reqwest::header::HeaderValue;
use tokio::sync::Mutex;
use tokio::time::Instant;

use domain::refusal::Refusal;

/// So often a token that is refused is asked for anew at most: somebody may have to unlock a store
/// of secrets each time.
const AGAIN: Duration = Duration::from_secs(60);

/// A token that is coming.
pub type ComingToken<'a> = Pin<Box<dyn Future<Output = Result<String, Refusal>> + Send + 'a>>;

/// Where a token comes from.
pub trait TokenSource: fmt::Debug + Send + Sync {
    /// Reads it anew.
    fn token(&self) -> ComingToken<'_>;
}

/// The token in use.
#[derive(Debug)]
pub(crate) struct Bearer {
    source: Arc<dyn TokenSource>,
    current: RwLock<HeaderValue>,
    /// When it was asked for anew; held meanwhile.
    asked_at: Mutex<Option<Instant>>,
}

impl Bearer {
    pub(crate) async fn of(source: Arc<dyn TokenSource>) -> Result<Self, Refusal> {
        let current = RwLock::new(header(&source.token().await?)?);
        Ok(Self {
            source,
            current,
            asked_at: Mutex::new(None),
        })
    }

    /// As a header.
    pub(crate) fn current(&self) -> HeaderValue {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another one than this, which the server refuses; none: there is none. Refused: it cannot be
    /// found, and why.
    pub(crate) async fn newer(&self, refused: &HeaderValue) -> Result<Option<HeaderValue>, Refusal> {
        let mut asked_at = self.asked_at.lock().await;
        let current = self.current();
        if current != *refused {
            return Ok(Some(current));
        }
        if asked_at.is_some_and(|at| at.elapsed() < AGAIN) {
            return Ok(None);
        }
        let found = self.source.token().await;
        *asked_at = Some(Instant::now());
        let newer = header(&found?)?;
        if newer == *refused {
            return Ok(None);
        }
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = newer.clone();
        Ok(Some(newer))
    }
}

fn header(token: &str) -> Result<HeaderValue, Refusal> {
    let bearer = HeaderValue::from_str(&format!("Bearer {token}"));
    let mut bearer = bearer.map_err(|_| Refusal::invalid("the token has characters in it that no token has"))?;
    bearer.set_sensitive(true);
    Ok(bearer)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// One token after the other.
    #[derive(Debug, Default)]
    struct Rotating(AtomicUsize);

    impl TokenSource for Rotating {
        fn token(&self) -> ComingToken<'_> {
            let number = self.0.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move { Ok(format!("t-{number}")) })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_is_found_anew_once_for_all_who_wait_and_not_over_and_over() {
        let source = Arc::new(Rotating::default());
        let bearer = Bearer::of(Arc::clone(&source) as Arc<dyn TokenSource>).await.unwrap();
        let first = bearer.current();
        let (one, other) = tokio::join!(bearer.newer(&first), bearer.newer(&first));
        let newer = one.unwrap().unwrap();
        assert_eq!(newer, "Bearer t-1");
        assert_eq!(other.unwrap().unwrap(), newer);
        assert_eq!(bearer.newer(&newer).await.unwrap(), None);
        tokio::time::advance(AGAIN).await;
        assert_eq!(bearer.newer(&newer).await.unwrap().unwrap(), "Bearer t-2");
        assert_eq!(source.0.load(Ordering::SeqCst), 3);
    }
}

//! Places that are shared: of few places nobody has more than half, so that one who asks for much
//! keeps nobody else waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most requests of one token that wait for a place.
const WAITING_MAX: usize = 64;

/// See the module.
pub(crate) struct Shares {
    all: Arc<Semaphore>,
    max: usize,
    /// Of each token, as long as it has a place or waits for one.
    each: Mutex<HashMap<String, Arc<Share>>>,
}

struct Share {
    places: Arc<Semaphore>,
    /// Those that wait, and those that have a place.
    entered: Arc<Semaphore>,
}

/// A place, as long as this lives.
pub(crate) struct Place {
    _all: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
    _entered: OwnedSemaphorePermit,
    _share: Arc<Share>,
}

/// Why there is no place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// They have as many themselves.
    Own(usize),
    All(usize),
}

impl Shares {
    /// So many places in all.
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            all: Arc::new(Semaphore::new(max)),
            max,
            each: Mutex::default(),
        })
    }

    fn each_max(&self) -> usize {
        self.max.div_ceil(2)
    }

    fn share(&self, name: &str) -> Arc<Share> {
        let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        each.retain(|_, share| Arc::strong_count(share) > 1);
        let share = each.entry(name.to_owned()).or_insert_with(|| {
            Arc::new(Share {
                places: Arc::new(Semaphore::new(self.each_max())),
                entered: Arc::new(Semaphore::new(self.each_max() + WAITING_MAX)),
            })
        });
        Arc::clone(share)
    }

    /// A place at once, or why there is none.
    pub(crate) fn try_take(&self, name: &str) -> Result<Place, Full> {
        let share = self.share(name);
        let full = |_| Full::Own(self.each_max());
        let entered = Arc::clone(&share.entered).try_acquire_owned().map_err(full)?;
        let own = Arc::clone(&share.places).try_acquire_owned().map_err(full)?;
        let all = Arc::clone(&self.all).try_acquire_owned();
        Ok(Place {
            _all: all.map_err(|_| Full::All(self.max))?,
            _own: own,
            _entered: entered,
            _share: share,
        })
    }

    /// A place as soon as there is one; refused where so many of theirs wait already.
    pub(crate) async fn take(&self, name: &str) -> Result<Place, usize> {
        let share = self.share(name);
        let entered = Arc::clone(&share.entered).try_acquire_owned();
        let entered = entered.map_err(|_| WAITING_MAX)?;
        // No semaphore is ever closed.
        let own = Arc::clone(&share.places).acquire_owned().await.map_err(|_| 0_usize)?;
        let all = Arc::clone(&self.all).acquire_owned().await.map_err(|_| 0_usize)?;
        Ok(Place {
            _all: all,
            _own: own,
            _entered: entered,
            _share: share,
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn one_has_half_of_the_places_and_others_the_rest() {
        let shares = Shares::new(4);
        let first = shares.try_take("ana").ok().unwrap();
        let second = shares.take("ana").await.ok().unwrap();
        assert_eq!(shares.try_take("ana").err(), Some(Full::Own(2)));
        assert!(shares.take("ana").now_or_never().is_none(), "it waits");
        let of_bea = [
            shares.try_take("bea").ok().unwrap(),
            shares.try_take("bea").ok().unwrap(),
        ];
        assert_eq!(shares.try_take("cy").err(), Some(Full::All(4)));
        drop(first);
        let third = shares.take("ana").now_or_never();
        assert!(third.is_some());
        drop((second, third, of_bea));
        assert!(shares.try_take("cy").is_ok());
        assert_eq!(shares.each.lock().unwrap().len(), 1, "nobody is kept who has none");
    }

    #[tokio::test]
    async fn not_all_may_wait() {
        let shares = Shares::new(2);
        let _place = shares.take("ana").await.ok().unwrap();
        let mut waiting = Vec::new();
        for _ in 0..WAITING_MAX {
            let mut one = Box::pin(shares.take("ana"));
            assert!((&mut one).now_or_never().is_none());
            waiting.push(one);
        }
        assert_eq!(shares.take("ana").await.err(), Some(WAITING_MAX));
        assert!(shares.take("bea").now_or_never().is_some());
    }
}

import type { TrackerEntry } from '@bae/native'
import type { HeldTorrent } from './held-torrent.js'
import type { TorrentTrackers, TorrentWebSeeds } from './torrent.js'

export function createTrackers(held: HeldTorrent): TorrentTrackers {
  return {
    list: () => held.withSession((session, handle) => session.trackers(handle)) ?? [],
    add(tracker) {
      const entry = trackerEntry(tracker)
      held.wish({ trackers: [...held.wishes.trackers, entry] }, (session, handle) =>
        session.addTracker(handle, entry),
      )
    },
    replace(trackers) {
      const entries = trackers.map(trackerEntry)
      held.wish({ trackers: entries, trackersReplaced: true }, (session, handle) =>
        session.replaceTrackers(handle, entries),
      )
    },
    announce: () => held.withSession((session, handle) => session.forceReannounce(handle)),
    scrape: () => held.withSession((session, handle) => session.scrapeTrackers(handle)),
  }
}

export function createWebSeeds(held: HeldTorrent): TorrentWebSeeds {
  return {
    list: () => held.withSession((session, handle) => session.webSeeds(handle)) ?? [],
    add(url) {
      held.wish(
        {
          webSeeds: [...without(held.wishes.webSeeds, url), url],
          removedWebSeeds: without(held.wishes.removedWebSeeds, url),
        },
        (session, handle) => session.addWebSeed(handle, url),
      )
    },
    remove(url) {
      held.wish(
        {
          webSeeds: without(held.wishes.webSeeds, url),
          removedWebSeeds: [...without(held.wishes.removedWebSeeds, url), url],
        },
        (session, handle) => session.removeWebSeed(handle, url),
      )
    },
  }
}

/** A URL alone is asked first. */
export function trackerEntry(tracker: string | TrackerEntry): TrackerEntry {
  return typeof tracker === 'string' ? { url: tracker } : tracker
}

function without(urls: readonly string[], url: string): readonly string[] {
  return urls.filter((other) => other !== url)
}

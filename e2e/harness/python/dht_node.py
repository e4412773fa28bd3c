"""A node of the DHT by libtorrent, on an address of its own: dht_node.py HOST BOOTSTRAP_NODES [TORRENT FOLDER]...

Seeds the torrents, asking trackers they name and the DHT for peers. Answers on stdout, one JSON object a line: the port
first, then for each line of stdin what others stored with it. It ends when stdin does."""
import json
import sys

import libtorrent

COUNTS = {"peers": "dht.dht_peers"}


def add(session, torrent_path, folder):
    parameters = libtorrent.add_torrent_params()
    parameters.ti = libtorrent.torrent_info(torrent_path)
    parameters.save_path = folder
    parameters.flags |= libtorrent.torrent_flags.seed_mode
    parameters.flags &= ~libtorrent.torrent_flags.auto_managed
    parameters.flags &= ~libtorrent.torrent_flags.paused
    return session.add_torrent(parameters)


def counts(session):
    session.post_session_stats()
    while True:
        session.wait_for_alert(1000)
        for alert in session.pop_alerts():
            if isinstance(alert, libtorrent.session_stats_alert):
                return {name: alert.values[metric] for name, metric in COUNTS.items()}


def main():
    host, bootstrap_nodes = sys.argv[1], sys.argv[2]
    session = libtorrent.session({
        "listen_interfaces": host + ":0",
        "outgoing_interfaces": host,
        "enable_dht": True,
        "dht_bootstrap_nodes": bootstrap_nodes,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "alert_mask": 0,
    })
    handles = [add(session, torrent_path, folder) for torrent_path, folder in zip(sys.argv[3::2], sys.argv[4::2])]
    # Until it knows what it has it hangs up on whoever comes.
    starting = libtorrent.torrent_status.checking_resume_data
    while any(handle.status().state == starting for handle in handles):
        session.wait_for_alert(10)
        session.pop_alerts()
    print(json.dumps({"port": session.listen_port()}), flush=True)
    for _ in sys.stdin:
        print(json.dumps(counts(session)), flush=True)


main()

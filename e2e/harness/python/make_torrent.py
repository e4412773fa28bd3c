"""Makes a .torrent with libtorrent: make_torrent.py CONTENT PIECE_BYTES TORRENT v1|v2|hybrid"""
import os
import sys

import libtorrent

content, piece_bytes, torrent_path, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
kinds = {"v1": libtorrent.create_torrent.v1_only, "v2": libtorrent.create_torrent.v2_only, "hybrid": 0}
files = libtorrent.file_storage()
libtorrent.add_files(files, content)
torrent = libtorrent.create_torrent(files, piece_bytes, kinds[kind])
libtorrent.set_piece_hashes(torrent, os.path.dirname(content))
with open(torrent_path, "wb") as output:
    output.write(libtorrent.bencode(torrent.generate()))

"""Makes a v1 .torrent with libtorrent: make_torrent.py CONTENT PIECE_BYTES TORRENT"""
import os
import sys

import libtorrent

content, piece_bytes, torrent_path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
files = libtorrent.file_storage()
libtorrent.add_files(files, content)
torrent = libtorrent.create_torrent(files, piece_bytes, libtorrent.create_torrent.v1_only)
libtorrent.set_piece_hashes(torrent, os.path.dirname(content))
with open(torrent_path, "wb") as output:
    output.write(libtorrent.bencode(torrent.generate()))

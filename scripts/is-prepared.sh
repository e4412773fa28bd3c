# Sourced by ./bae and bootstrap.sh. Writes nothing, so that a prepared clone may be read-only.

# is_prepared ROOT: true when nothing that the build reads is newer than the last build. A folder counts
# too: removing a source changes it.
is_prepared() {
  local root="$1" built="$1/.bae/built"
  [ -e "$built" ] && [ -d "$root/node_modules" ] && [ -e "$root/packages/import-service/dist/index.js" ] || return 1
  local read=() path
  for path in "$root"/{package.json,pnpm-lock.yaml,pnpm-workspace.yaml,tsconfig.base.json} \
    "$root"/packages/*/{package.json,tsconfig.json,binding.gyp,scripts,src,cpp}; do
    [ -e "$path" ] && read+=("$path")
  done
  [ -z "$(find "${read[@]}" -newer "$built" -print -quit)" ]
}

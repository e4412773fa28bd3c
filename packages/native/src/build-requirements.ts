/** How to get an addon onto a machine that no prebuilt one fits. */
export const howToBuild =
  'On Debian or Ubuntu: sudo apt-get install libtorrent-rasterbar-dev pkg-config g++ make python3, ' +
  'then npm rebuild @bae/native'

/** The machine and the Node that an addon must fit. */
export function describeMachine(): string {
  return `${process.platform} ${process.arch}, Node ${process.version}`
}

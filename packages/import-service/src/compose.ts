import type { Composition } from './composition.js'

export declare const composition: Composition

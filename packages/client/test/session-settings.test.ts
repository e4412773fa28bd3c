import { describe, expect, it } from 'vitest'
import { DEFAULT_SESSION_SETTINGS, sessionSettings } from '../src/session-settings.js'

describe('sessionSettings', () => {
  it('asks for deep request queues and a wide send window unless told otherwise', () => {
    expect(sessionSettings({})).toEqual(DEFAULT_SESSION_SETTINGS)
    expect(DEFAULT_SESSION_SETTINGS).toMatchObject({
      max_out_request_queue: 1000,
      send_buffer_watermark: 4 * 1024 * 1024,
      send_buffer_watermark_factor: 150,
    })
  })

  it('names what it is told in libtorrent words', () => {
    const settings = sessionSettings({
      enableDht: false,
      enableLsd: true,
      enableUpnp: false,
      enableNatPmp: false,
      maxDownloadBytesPerSecond: 1000,
      maxUploadBytesPerSecond: 0,
      connectionsLimit: 50,
    })
    expect(settings).toMatchObject({
      enable_dht: false,
      enable_lsd: true,
      enable_upnp: false,
      enable_natpmp: false,
      download_rate_limit: 1000,
      upload_rate_limit: 0,
      connections_limit: 50,
    })
  })

  it('forces, allows or refuses encryption in both directions', () => {
    expect(sessionSettings({ encryption: 'forced' })).toMatchObject({
      out_enc_policy: 0,
      in_enc_policy: 0,
      allowed_enc_level: 2,
    })
    expect(sessionSettings({ encryption: 'enabled' })).toMatchObject({
      out_enc_policy: 1,
      in_enc_policy: 1,
      allowed_enc_level: 3,
    })
    expect(sessionSettings({ encryption: 'disabled' })).toMatchObject({ out_enc_policy: 2, in_enc_policy: 2 })
  })

  it('lets raw settings win', () => {
    const settings = sessionSettings({ enableDht: false, settings: { enable_dht: true, suggest_mode: 1 } })
    expect(settings).toMatchObject({ enable_dht: true, suggest_mode: 1 })
  })
})

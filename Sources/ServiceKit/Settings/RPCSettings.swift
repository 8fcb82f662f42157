import RPC

/// The limits of the RPC runtime as settings.
enum RPCSettings {
  private static let day = 86_400_000

  static let server: LimitSettings<RPCServerConfiguration> = {
    var table = LimitSettings(RPCServerConfiguration())
    table.add("rpc.message.bytes", \.limits.receivedMessageBytesMax, 1024...(1 << 30), "largest message that is accepted, after decompression")
    table.add("rpc.sent.message.bytes", \.limits.sentMessageBytesMax, 1024...(1 << 30), "largest message that is sent, before compression")
    table.add("rpc.output.bytes", \.limits.queuedOutputBytesMax, 4096...(1 << 30), "bytes queued on one stream above which its writer waits")
    table.add("rpc.compression.min.bytes", \.limits.compressedMessageBytesMin, 0...(1 << 30), "smaller messages are never compressed")
    table.add("rpc.connections.max", \.connectionsMax, 1...1_000_000, "connections to one loop at once; more are closed as they come")
    table.add("rpc.streams.max", \.http2.concurrentStreamsMax, 1...100_000, "calls of one connection at once")
    table.add("rpc.header.bytes", \.http2.headerListBytesMax, 4096...(1 << 20), "metadata of one call, counted as HTTP/2 does")
    table.add("rpc.stream.window.bytes", \.http2.streamWindowBytes, 65_535...(1 << 30), "bytes of one stream that may be under way and unread")
    table.add("rpc.connection.window.bytes", \.http2.connectionWindowBytes, 65_535...(1 << 30), "the same for a whole connection")
    table.add("rpc.buffered.bytes", \.http2.bufferedBytesMax, 65_535...(1 << 32),
      "unread bytes of a connection above which its window stays closed")
    table.add("rpc.handshake.timeout.ms", \.handshakeTimeoutMilliseconds, 100...600_000, "time for TLS and a client's first frames")
    table.add("rpc.keepalive.ms", \.keepaliveMilliseconds, 0...day, "silence after which a client is sent a PING; 0 for never")
    table.add("rpc.keepalive.timeout.ms", \.keepaliveTimeoutMilliseconds, 100...600_000, "silence after that PING which ends the connection")
    table.add("rpc.ping.interval.min.ms", \.clientPingIntervalMinMilliseconds, 0...day, "clients without calls that send PINGs faster are cut off")
    table.addOptional("rpc.connection.age.max.ms", \.connectionAgeMaxMilliseconds, 0...day,
      "age at which a connection is drained, give or take a tenth; 0 for never")
    table.addOptional("rpc.connection.age.grace.ms", \.connectionAgeGraceMilliseconds, 0...day,
      "how long calls may go on after that; 0: drain.seconds")
    table.addOptional("rpc.connection.idle.ms", \.connectionIdleMaxMilliseconds, 0...day,
      "time without a call after which a connection is drained; 0 for never")
    return table
  }()

  static let client: LimitSettings<RPCChannelConfiguration> = {
    var table = LimitSettings(RPCChannelConfiguration.ofServices)
    table.addOptional("rpc.call.timeout.ms", \.defaultTimeoutMilliseconds, 0...3_600_000,
      "longest that a call to another service may take where nothing shorter holds")
    table.add("rpc.connect.timeout.ms", \.connectTimeoutMilliseconds, 100...600_000, "time to connect to another service, TLS included")
    table.add("rpc.backoff.min.ms", \.backoffMinMilliseconds, 1...600_000, "first pause after a failed attempt to connect")
    table.add("rpc.backoff.max.ms", \.backoffMaxMilliseconds, 1...600_000, "longest pause between attempts to connect")
    table.add("rpc.client.keepalive.ms", \.keepaliveMilliseconds, 0...day,
      "silence of a server, while calls run, after which it is sent a PING; 0 for never")
    table.add("rpc.client.keepalive.timeout.ms", \.keepaliveTimeoutMilliseconds, 100...600_000, "silence after that PING which ends the connection")
    table.addOptional("rpc.client.idle.ms", \.idleTimeoutMilliseconds, 0...day, "time without a call after which connections are closed; 0 for never")
    table.addOptional("rpc.addresses.age.ms", \.addressesAgeMaxMilliseconds, 0...day,
      "age at which names are looked up again; 0: only when a server was lost")
    table.add("rpc.resolve.interval.min.ms", \.resolveIntervalMinMilliseconds, 10...day, "names are not looked up more often than this")
    table.add("rpc.client.waiting.max", \.waitingCallsMax, 1...1_000_000, "calls that may wait for a connection, per channel")
    table.add("rpc.client.attempts.max", \.transparentAttemptsMax, 1...20, "how often a call is begun that no server has looked at")
    return table
  }()

  /// Settings that cannot hold together.
  static func check(_ settings: Settings) {
    let (server, client) = (Self.server.read(settings), Self.client.read(settings))
    if server.http2.streamWindowBytes > server.http2.connectionWindowBytes {
      settings.note("rpc.stream.window.bytes is larger than rpc.connection.window.bytes")
    }
    if client.backoffMinMilliseconds > client.backoffMaxMilliseconds { settings.note("rpc.backoff.min.ms is larger than rpc.backoff.max.ms") }
    if client.keepaliveMilliseconds > 0, client.keepaliveMilliseconds < server.clientPingIntervalMinMilliseconds {
      settings.note("rpc.client.keepalive.ms is smaller than rpc.ping.interval.min.ms: servers configured alike would cut this client off")
    }
  }
}

extension RPCChannelConfiguration {
  /// Every call between services has a deadline.
  fileprivate static var ofServices: RPCChannelConfiguration {
    var configuration = RPCChannelConfiguration()
    configuration.defaultTimeoutMilliseconds = 10_000
    return configuration
  }
}

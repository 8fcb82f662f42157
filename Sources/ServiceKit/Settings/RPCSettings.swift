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
    table.add("rpc.connection.output.bytes", \.queuedOutputBytesMax, 65_536...(1 << 32),
      "answers of one connection that wait to be sent, above which its next calls wait")
    table.add("rpc.held.bytes", \.heldBytesMax, 1 << 20...(1 << 36),
      "messages that all connections of a loop hold, above which memory is short and each gets its share")
    table.add("rpc.frame.timeout.ms", \.frameMilliseconds, 100...600_000,
      "a frame other than DATA, or a header block, must be whole so long after it began")
    table.add("rpc.stall.timeout.ms", \.stallMilliseconds, 100...3_600_000,
      "how long a client may keep a call waiting for each rpc.progress.bytes")
    table.add("rpc.progress.bytes", \.stallBytesMin, 1...(1 << 30), "with rpc.stall.timeout.ms the least rate of a message, in either direction")
    table.add("rpc.glitch.budget", \.http2.glitchBudget, 300...1_000_000_000,
      "frames and streams that lead to nothing, about one for each PING, after which a client is cut off")
    table.add("rpc.glitch.refund", \.http2.glitchRefundPerSecond, 0...1_000_000, "what each second gives back of rpc.glitch.budget")
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
    table.add("rpc.retry.buffer.bytes", \.retryBufferBytesMax, 0...(1 << 30),
      "what a call with streams keeps of its requests to be repeated; who has written more is not")
    table.add("rpc.client.attempts.max", \.transparentAttemptsMax, 1...20, "how often a call is begun that no server has looked at")
    return table
  }()

  /// How the calls of other services are repeated, and servers that fail avoided.
  static let calls: LimitSettings<PeerCallLimits> = {
    var table = LimitSettings(PeerCallLimits())
    table.add("rpc.retry.attempts.max", \.attemptsMax, 1...5,
      "attempts of a call that may be made twice, the first included; 1 for none but the first")
    table.add("rpc.retry.backoff.min.ms", \.backoffInitialMilliseconds, 1...600_000,
      "pause before the second attempt; it doubles with each further one")
    table.add("rpc.retry.backoff.max.ms", \.backoffMaxMilliseconds, 1...600_000, "longest pause between attempts")
    table.add("rpc.retry.tokens", \.tokensMax, 1...1_000,
      "nothing is repeated after half as many failures of a channel in a row; answers earn them back")
    table.add("rpc.retry.token.percent", \.tokenPercent, 1...100, "how much of a failure each answer makes up for")
    table.add("rpc.ejection.failure.percent", \.ejection.failurePercentage, 0...100,
      "failed calls in a hundred, from which one server of several gets none for a while; 0 for never")
    table.add("rpc.ejection.calls.min", \.ejection.callsMin, 1...1_000_000, "servers with fewer calls in an interval are not judged")
    table.add("rpc.ejection.interval.ms", \.ejection.intervalMilliseconds, 100...day, "how often servers are judged by their calls")
    table.add("rpc.ejection.ms", \.ejection.ejectionMilliseconds, 100...day,
      "how long a server is avoided the first time; each further time so much longer")
    table.add("rpc.ejection.max.ms", \.ejection.ejectionMaxMilliseconds, 100...day, "longest that a server is avoided")
    table.add("rpc.ejection.share.percent", \.ejection.ejectedPercentageMax, 0...100, "how many of a hundred servers may be avoided at once")
    return table
  }()

  /// Settings that cannot hold together.
  static func check(_ settings: Settings) {
    let (server, client) = (Self.server.read(settings), Self.client.read(settings))
    if server.http2.streamWindowBytes > server.http2.connectionWindowBytes {
      settings.note("rpc.stream.window.bytes is larger than rpc.connection.window.bytes")
    }
    if client.backoffMinMilliseconds > client.backoffMaxMilliseconds { settings.note("rpc.backoff.min.ms is larger than rpc.backoff.max.ms") }
    let calls = Self.calls.read(settings)
    if calls.backoffInitialMilliseconds > calls.backoffMaxMilliseconds {
      settings.note("rpc.retry.backoff.min.ms is larger than rpc.retry.backoff.max.ms")
    }
    if calls.ejection.ejectionMilliseconds > calls.ejection.ejectionMaxMilliseconds {
      settings.note("rpc.ejection.ms is larger than rpc.ejection.max.ms")
    }
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

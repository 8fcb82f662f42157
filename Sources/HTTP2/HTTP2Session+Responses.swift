import CNghttp2

/// The header blocks of responses, for clients.
extension HTTP2Session {
  /// After the first complete block comes the trailer; before it, another try at the response (1xx came first).
  final func responseBegan(_ stream: HTTP2Stream) {
    stream.collectsTrailers = stream.headersComplete
    responseRules = ResponseRules(isTrailer: stream.collectsTrailers)
    if stream.collectsTrailers {
      trailerMemo.begin()
      if !trailerMemo.isMatching { openBlock = stream.trailers.ownedBlock() }
    } else {
      responseMemo.begin()
      if !responseMemo.isMatching { openBlock = stream.headers.ownedBlock() }
    }
  }

  @inline(__always) final func responseFieldArrived(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Int32 {
    if responseMemo.isMatching, responseMemo.takeNext(name, value) { return 0 }
    if trailerMemo.isMatching, trailerMemo.takeNext(name, value) { return 0 }
    return newResponseFieldArrived(name, value)
  }

  private final func newResponseFieldArrived(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Int32 {
    divergeFromMemo()
    guard let openBlock else { return 0 }
    return openBlock._withUnsafeGuaranteedRef { block in
      switch responseRules.judge(name, value) {
      case .accepted: break
      case .ignored: return 0
      case .refused: return fieldIsMalformed()
      }
      block.add(name, value, limit: configuration.headerListBytesMax)
      return block.isTruncated ? headersAreTooLarge(block) : 0
    }
  }

  /// The block that is arriving is not the one that is remembered.
  private final func divergeFromMemo() {
    guard responseMemo.isMatching || trailerMemo.isMatching else { return }
    recentStream?._withUnsafeGuaranteedRef { stream in
      let own = stream.collectsTrailers ? stream.trailers.ownedBlock() : stream.headers.ownedBlock()
      openBlock = own
      let limit = configuration.headerListBytesMax
      own._withUnsafeGuaranteedRef { block in
        if stream.collectsTrailers {
          trailerMemo.diverge(into: block, &responseRules, limit: limit)
        } else {
          responseMemo.diverge(into: block, &responseRules, limit: limit)
        }
      }
    }
    responseMemo.stopMatching()
    trailerMemo.stopMatching()
  }

  /// The end of a block.
  final func responseEnded(_ stream: HTTP2Stream, ended: Bool) {
    if stream.collectsTrailers {
      // Nothing can come after a trailer, and all of the body has come before.
      guard ended, stream.owedBytes ?? 0 == 0 else { return refuseMalformed(stream) }
      takeTrailer(stream)
      stream.events.insert(.trailers)
    } else {
      guard takeResponse(stream) else { return refuseMalformed(stream) }
      if responseRules.isInformational {
        guard !ended else { return refuseMalformed(stream) }
        stream.headers.removeAll()
        return
      }
      if ended, stream.owedBytes ?? 0 != 0 { return refuseMalformed(stream) }
      stream.headersComplete = true
      stream.events.insert(.headers)
    }
    if ended {
      stream.inputEnded = true
      stream.events.insert(.end)
    }
    enqueue(stream)
  }

  private final func takeTrailer(_ stream: HTTP2Stream) {
    if let block = trailerMemo.repeated {
      stream.trailers.block = block
    } else {
      divergeFromMemo()
      trailerMemo.consider(stream.trailers.block)
    }
    trailerMemo.stopMatching()
    openBlock = nil
  }

  /// False if it lacks its status.
  private final func takeResponse(_ stream: HTTP2Stream) -> Bool {
    defer { openBlock = nil }
    if let block = responseMemo.repeated {
      stream.headers.block = block
      responseMemo.stopMatching()
      return true
    }
    divergeFromMemo()
    guard let status = responseRules.status else { return false }
    stream.owedBytes = responseRules.isInformational ? nil : responseRules.bodyBytes
    // Of one that is remembered nothing else has to be known.
    if status == 200, stream.owedBytes == nil { responseMemo.consider(stream.headers.block) }
    return true
  }
}

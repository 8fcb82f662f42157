import CNghttp2

/// Header blocks that arrive, at either end.
extension HTTP2Session {
  /// Nothing of the block that is arriving is wanted any more.
  final func forgetBlock() {
    arriving = nil
    openBlock = nil
    match.stop()
  }

  final func requestBegan(_ stream: HTTP2Stream) {
    arriving = .passUnretained(stream)
    rules = RequestRules(isTrailer: false)
    match.begin(memo.block)
    if !match.isGoingOn { openBlock = stream.headers.ownedBlock() }
  }

  final func requestTrailerBegan(_ stream: HTTP2Stream) {
    arriving = .passUnretained(stream)
    rules = RequestRules(isTrailer: true)
    stream.collectsTrailers = true
    openBlock = stream.trailers.ownedBlock()
  }

  /// After the first complete block comes the trailer; before it, another try at the response (1xx came first).
  final func responseBegan(_ stream: HTTP2Stream) {
    arriving = .passUnretained(stream)
    stream.collectsTrailers = stream.headersComplete
    responseRules = ResponseRules(isTrailer: stream.collectsTrailers)
    match.begin(stream.collectsTrailers ? trailerMemo.block : memo.block)
    if !match.isGoingOn { openBlock = ownedBlock(stream) }
  }

  @inline(__always) final func headerArrived(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Int32 {
    match.takeNext(name, value) ? 0 : newFieldArrived(name, value)
  }

  private final func newFieldArrived(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Int32 {
    diverge()
    guard let openBlock else { return 0 }
    return openBlock._withUnsafeGuaranteedRef { block in
      var effect = RequestRules.Effect.none
      if role == .client {
        switch responseRules.judge(name, value) {
        case .accepted: break
        case .ignored: return 0
        case .refused: return fieldIsMalformed()
        }
      } else {
        let before = rules
        let wasAccepted = memo.effect(block.count, name, value).map { rules.accept($0) } ?? false
        guard wasAccepted || rules.judge(name, value) else { return fieldIsMalformed() }
        effect = rules.effect(since: before)
      }
      block.add(name, value, effect, limit: configuration.headerListBytesMax)
      return block.isTruncated ? headersAreTooLarge(block) : 0
    }
  }

  private final func ownedBlock(_ stream: HTTP2Stream) -> Unmanaged<HeaderBlock> {
    stream.collectsTrailers ? stream.trailers.ownedBlock() : stream.headers.ownedBlock()
  }

  /// If the block that is arriving was the same as one before so far, it is not from here on: it gets memory of its own.
  private final func diverge() {
    guard let remembered = match.remembered else { return }
    match.stop()
    arriving?._withUnsafeGuaranteedRef { stream in
      if stream.collectsTrailers { trailerMemo.missed() } else { memo.missed() }
      let own = ownedBlock(stream)
      openBlock = own
      own._withUnsafeGuaranteedRef { own in
        own.take(match.count, of: remembered)
        // It was accepted there, and so it is here.
        if role == .client {
          own.forEach { name, value in _ = responseRules.judge(name, value) }
        } else {
          own.accept(&rules)
          own.repeatedID = remembered.repeatedID
          own.repeatedCount = match.count
        }
      }
    }
  }

  private final func headersAreTooLarge(_ block: HeaderBlock) -> Int32 {
    if !block.isCharged {
      block.isCharged = true
      glitches.spend(GlitchBudget.oversizedHeadersCost)
    }
    // Decoding far past the limit only burns our time: such a peer loses its connection.
    guard block.listByteCount > 8 * configuration.headerListBytesMax else { return 0 }
    return Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
  }

  /// The rest of the block is only decoded.
  private final func fieldIsMalformed() -> Int32 {
    openBlock = nil
    arriving?._withUnsafeGuaranteedRef { refuseMalformed($0) }
    return Int32(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
  }

  // MARK: The end of a block

  final func headersArrived(_ stream: HTTP2Stream, ended: Bool) {
    defer { forgetBlock() }
    if stream.collectsTrailers {
      // Nothing can come after a trailer.
      guard ended else { return refuseMalformed(stream) }
      if role == .client { takeTrailer(stream) }
    } else {
      guard role == .client ? takeResponse(stream) : takeRequest(stream) else { return refuseMalformed(stream) }
      if role == .client, responseRules.isInformational {
        guard !ended else { return refuseMalformed(stream) }
        stream.headers.removeAll()
        return
      }
    }
    if ended, stream.owedBytes ?? 0 != 0 { return refuseMalformed(stream) }
    if stream.collectsTrailers {
      stream.events.insert(.trailers)
    } else {
      stream.headersComplete = true
      stream.events.insert(.headers)
    }
    inputChanged(stream, ended: ended)
  }

  /// The stream has news.
  final func inputChanged(_ stream: HTTP2Stream, ended: Bool) {
    if ended {
      stream.inputEnded = true
      stream.events.insert(.end)
    }
    enqueue(stream)
  }

  /// The block that came before, if all of it has come again. Else what arrived has memory of its own.
  @inline(__always) private final func takeRepeated() -> HeaderBlock? {
    guard let block = match.whole else {
      diverge()
      return nil
    }
    match.stop()
    return block
  }

  /// False if it lacks what it must have.
  private final func takeRequest(_ stream: HTTP2Stream) -> Bool {
    if let block = takeRepeated() {
      rules = memoRules
      stream.headers.block = block
    } else {
      guard rules.endBlock() else { return false }
      if memo.consider(stream.headers.block) { memoRules = rules }
    }
    stream.owedBytes = rules.contentLength
    return true
  }

  /// False if it lacks its status.
  private final func takeResponse(_ stream: HTTP2Stream) -> Bool {
    if let block = takeRepeated() {
      stream.headers.block = block
      return true
    }
    guard let status = responseRules.status else { return false }
    stream.owedBytes = responseRules.isInformational ? nil : responseRules.bodyBytes
    // Of one that is remembered nothing else has to be known.
    if status == 200, stream.owedBytes == nil { _ = memo.consider(stream.headers.block) }
    return true
  }

  private final func takeTrailer(_ stream: HTTP2Stream) {
    if let block = takeRepeated() {
      stream.trailers.block = block
    } else {
      _ = trailerMemo.consider(stream.trailers.block)
    }
  }
}

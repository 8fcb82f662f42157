// gRPC C++, callback API: gRPC's own threads run the handlers, as its documentation advises.
#include "bench.grpc.pb.h"
#include "bench.h"

namespace bench = jetty::bench::v1;

// Writes the messages of one stream, each when the one before has gone.
class ListReactor final : public grpc::ServerWriteReactor<bench::RecordChunkResponse> {
 public:
  explicit ListReactor(const bench::ListChunksRequest& request) : left_(request.count()) {
    message_.set_ok(true);
    message_.set_ttl_seconds(3600);
    message_.set_echo_file_id(request.file_id());
    Next();
  }

  void OnWriteDone(bool ok) override {
    if (ok) {
      Next();
    } else {
      Finish(grpc::Status(grpc::StatusCode::UNKNOWN, "the client has gone"));
    }
  }

  void OnDone() override { delete this; }

 private:
  void Next() {
    if (left_ == 0) {
      Finish(grpc::Status::OK);
    } else {
      left_--;
      StartWrite(&message_);
    }
  }

  uint32_t left_;
  bench::RecordChunkResponse message_;
};

class Chunks final : public bench::ChunkMetadata::CallbackService {
  grpc::ServerUnaryReactor* RecordChunk(grpc::CallbackServerContext* context, const bench::RecordChunkRequest* request,
                                        bench::RecordChunkResponse* response) override {
    response->set_ok(true);
    response->set_ttl_seconds(3600);
    response->set_echo_file_id(request->file_id());
    return Succeed(context);
  }

  grpc::ServerUnaryReactor* PutChunk(grpc::CallbackServerContext* context, const bench::Chunk* request,
                                     bench::ChunkReceipt* response) override {
    response->set_byte_count(request->content().size());
    return Succeed(context);
  }

  grpc::ServerUnaryReactor* GetChunk(grpc::CallbackServerContext* context, const bench::ChunkRequest* request,
                                     bench::Chunk* response) override {
    response->set_content(std::string(request->byte_count(), 'j'));
    return Succeed(context);
  }

  grpc::ServerWriteReactor<bench::RecordChunkResponse>* ListChunks(grpc::CallbackServerContext*,
                                                                   const bench::ListChunksRequest* request) override {
    return new ListReactor(*request);
  }

  static grpc::ServerUnaryReactor* Succeed(grpc::CallbackServerContext* context) {
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

int main(int argc, char** argv) {
  Chunks service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(Address(argc, argv), Credentials(argc, argv));
  builder.RegisterService(&service);
  auto server = builder.BuildAndStart();
  if (!server) return 1;
  server->Wait();
}

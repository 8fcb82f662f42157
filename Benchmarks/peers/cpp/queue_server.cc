// gRPC C++, completion queue API: one queue, and one thread that takes from it and answers. RecordChunk only.
#include "bench.grpc.pb.h"
#include "bench.h"

namespace bench = jetty::bench::v1;

// A place for one call at a time. It waits for a call, answers, and waits again.
class Slot {
 public:
  Slot(bench::ChunkMetadata::AsyncService* service, grpc::ServerCompletionQueue* queue) : service_(service), queue_(queue) { Wait(); }

  void Step(bool ok) {
    if (answering_) {
      Wait();
    } else if (ok) {
      response_.set_ok(true);
      response_.set_ttl_seconds(3600);
      response_.set_echo_file_id(request_.file_id());
      answering_ = true;
      writer_->Finish(response_, grpc::Status::OK, this);
    }
  }

 private:
  void Wait() {
    answering_ = false;
    writer_.reset();
    context_ = std::make_unique<grpc::ServerContext>();
    writer_ = std::make_unique<grpc::ServerAsyncResponseWriter<bench::RecordChunkResponse>>(context_.get());
    request_.Clear();
    response_.Clear();
    service_->RequestRecordChunk(context_.get(), &request_, writer_.get(), queue_, queue_, this);
  }

  bench::ChunkMetadata::AsyncService* service_;
  grpc::ServerCompletionQueue* queue_;
  bool answering_ = false;
  std::unique_ptr<grpc::ServerContext> context_;
  std::unique_ptr<grpc::ServerAsyncResponseWriter<bench::RecordChunkResponse>> writer_;
  bench::RecordChunkRequest request_;
  bench::RecordChunkResponse response_;
};

int main(int argc, char** argv) {
  bench::ChunkMetadata::AsyncService service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(Address(argc, argv), Credentials(argc, argv));
  builder.RegisterService(&service);
  auto queue = builder.AddCompletionQueue();
  auto server = builder.BuildAndStart();
  if (!server) return 1;
  // More calls than the load ever has open at once.
  for (int slot = 0; slot < 1024; slot++) new Slot(&service, queue.get());
  void* tag;
  bool ok;
  while (queue->Next(&tag, &ok)) static_cast<Slot*>(tag)->Step(ok);
}

// gRPC C++ as a client: PORT DEPTH WARM-UP CALLS. Unary calls over one channel, DEPTH at a time, one completion queue,
// one thread. Prints one line of JSON as bench-client does; the calls of the warm-up do not count.
#include <time.h>

#include <algorithm>
#include <vector>

#include "bench.grpc.pb.h"
#include "bench.h"

namespace bench = jetty::bench::v1;

static double Microseconds(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

class Load {
 public:
  Load(bench::ChunkMetadata::Stub* stub, int depth) : stub_(stub), calls_(depth) {
    request_.set_file_id("file_0123456789abcdef");
    request_.set_chunk_index(5);
    std::string digest;
    for (int i = 0; i < 8; i++) digest += "0b305af7";
    request_.set_hash("sha256:" + digest);
    request_.set_edge_id("sfo-1");
    request_.set_size(52428800);
  }

  std::vector<double> Run(int count) {
    left_ = count;
    latencies_.clear();
    latencies_.reserve(count);
    for (auto& call : calls_) Start(&call);
    void* tag;
    bool ok;
    while (static_cast<int>(latencies_.size()) < count && queue_.Next(&tag, &ok)) {
      auto* call = static_cast<Call*>(tag);
      latencies_.push_back(Microseconds(CLOCK_MONOTONIC) - call->started);
      if (!ok || !call->status.ok() || !call->response.ok() || call->response.ttl_seconds() != 3600 ||
          call->response.echo_file_id() != request_.file_id()) {
        std::fprintf(stderr, "a wrong answer: %s\n", call->status.error_message().c_str());
        std::exit(1);
      }
      Start(call);
    }
    return latencies_;
  }

 private:
  struct Call {
    double started;
    std::unique_ptr<grpc::ClientContext> context;
    std::unique_ptr<grpc::ClientAsyncResponseReader<bench::RecordChunkResponse>> reader;
    bench::RecordChunkResponse response;
    grpc::Status status;
  };

  void Start(Call* call) {
    if (left_ == 0) return;
    left_--;
    call->started = Microseconds(CLOCK_MONOTONIC);
    call->reader.reset();
    call->context = std::make_unique<grpc::ClientContext>();
    call->context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    call->response.Clear();
    call->reader = stub_->AsyncRecordChunk(call->context.get(), request_, &queue_);
    call->reader->Finish(&call->response, &call->status, call);
  }

  bench::ChunkMetadata::Stub* stub_;
  std::vector<Call> calls_;
  grpc::CompletionQueue queue_;
  bench::RecordChunkRequest request_;
  int left_ = 0;
  std::vector<double> latencies_;
};

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s PORT DEPTH WARM-UP CALLS\n", argv[0]);
    return 64;
  }
  auto channel = grpc::CreateChannel(std::string("127.0.0.1:") + argv[1], grpc::InsecureChannelCredentials());
  auto stub = bench::ChunkMetadata::NewStub(channel);
  Load load(stub.get(), std::atoi(argv[2]));
  load.Run(std::atoi(argv[3]));
  double cpu = Microseconds(CLOCK_PROCESS_CPUTIME_ID), started = Microseconds(CLOCK_MONOTONIC);
  auto latencies = load.Run(std::atoi(argv[4]));
  double wall = Microseconds(CLOCK_MONOTONIC) - started;
  cpu = Microseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  std::sort(latencies.begin(), latencies.end());
  auto percentile = [&](double share) { return latencies[std::min(latencies.size() - 1, static_cast<size_t>(latencies.size() * share))]; };
  std::printf("{\"calls\": %zu, \"seconds\": %f, \"cpu_us\": %f, \"p50_us\": %f, \"p99_us\": %f}\n", latencies.size(), wall / 1e6,
              cpu / latencies.size(), percentile(0.5), percentile(0.99));
  // Without gRPC's own clean-up, which waits for its threads.
  std::fflush(nullptr);
  _Exit(0);
}

// What the three C++ programs share: command line and credentials.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

inline std::string Contents(const char* path) {
  std::ifstream file(path);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path);
    std::exit(1);
  }
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// PROGRAM PORT [CERTIFICATE KEY]
inline std::shared_ptr<grpc::ServerCredentials> Credentials(int argc, char** argv) {
  if (argc < 4) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back({Contents(argv[3]), Contents(argv[2])});
  return grpc::SslServerCredentials(options);
}

inline std::string Address(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s PORT [CERTIFICATE KEY]\n", argv[0]);
    std::exit(64);
  }
  return std::string("127.0.0.1:") + argv[1];
}

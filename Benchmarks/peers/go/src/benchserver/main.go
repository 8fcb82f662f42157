// The grpc-go peer: PORT [CERTIFICATE KEY].
package main

import (
	"bytes"
	"context"
	"log"
	"net"
	"os"

	pb "benchpb"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

type chunks struct {
	pb.UnimplementedChunkMetadataServer
}

func recorded(fileID string) *pb.RecordChunkResponse {
	return &pb.RecordChunkResponse{Ok: true, TtlSeconds: 3600, EchoFileId: fileID}
}

func (chunks) RecordChunk(_ context.Context, request *pb.RecordChunkRequest) (*pb.RecordChunkResponse, error) {
	return recorded(request.GetFileId()), nil
}

func (chunks) PutChunk(_ context.Context, request *pb.Chunk) (*pb.ChunkReceipt, error) {
	return &pb.ChunkReceipt{ByteCount: uint64(len(request.GetContent()))}, nil
}

func (chunks) GetChunk(_ context.Context, request *pb.ChunkRequest) (*pb.Chunk, error) {
	return &pb.Chunk{Content: bytes.Repeat([]byte("j"), int(request.GetByteCount()))}, nil
}

func (chunks) ListChunks(request *pb.ListChunksRequest, stream pb.ChunkMetadata_ListChunksServer) error {
	for i := uint32(0); i < request.GetCount(); i++ {
		if err := stream.Send(recorded(request.GetFileId())); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	if len(os.Args) < 2 {
		log.Fatal("usage: server PORT [CERTIFICATE KEY]")
	}
	var options []grpc.ServerOption
	if len(os.Args) > 3 {
		tls, err := credentials.NewServerTLSFromFile(os.Args[2], os.Args[3])
		if err != nil {
			log.Fatal(err)
		}
		options = append(options, grpc.Creds(tls))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(options...)
	pb.RegisterChunkMetadataServer(server, chunks{})
	log.Fatal(server.Serve(listener))
}

import SwiftProtobuf
import SwiftProtobufPluginLibrary
print("hi")

using Google.Protobuf;

namespace RateLimiter.EndToEndTests.Telemetry;

/// <summary>A Protocol Buffers message, read by field numbers.</summary>
public sealed class ProtobufMessage
{
    private readonly List<(int Field, object Value)> fields = [];

    public ProtobufMessage(ByteString bytes)
    {
        var input = bytes.CreateCodedInput();
        while (input.ReadTag() is var tag and not 0)
        {
            object value = WireFormat.GetTagWireType(tag) switch
            {
                WireFormat.WireType.LengthDelimited => input.ReadBytes(),
                WireFormat.WireType.Fixed64 => input.ReadFixed64(),
                WireFormat.WireType.Fixed32 => (ulong)input.ReadFixed32(),
                _ => input.ReadUInt64(),
            };
            fields.Add((WireFormat.GetTagFieldNumber(tag), value));
        }
    }

    /// <summary>The messages of a field, nested when more fields are given.</summary>
    public IEnumerable<ProtobufMessage> All(int field, params int[] inner)
    {
        var found = Values<ByteString>(field).Select(bytes => new ProtobufMessage(bytes));
        return inner is [var next, .. var rest]
            ? found.SelectMany(message => message.All(next, rest))
            : found;
    }

    public string Text(int field) => Bytes(field).ToStringUtf8();

    /// <summary>An id in lower-case hexadecimal digits.</summary>
    public string Id(int field) => Convert.ToHexStringLower(Bytes(field).Span);

    /// <summary>An integer; null when it is absent.</summary>
    public long? Number(int field) => Values<ulong>(field).Select(it => (long?)it).FirstOrDefault();

    /// <summary>A 64-bit floating-point number; null when it is absent.</summary>
    public double? Fraction(int field) =>
        Number(field) is { } bits ? BitConverter.Int64BitsToDouble(bits) : null;

    private ByteString Bytes(int field) =>
        Values<ByteString>(field).FirstOrDefault(ByteString.Empty);

    private IEnumerable<T> Values<T>(int field) =>
        fields.Where(it => it.Field == field).Select(it => it.Value).OfType<T>();
}

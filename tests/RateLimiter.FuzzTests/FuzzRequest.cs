using System.Text;

namespace RateLimiter.FuzzTests;

/// <summary>
/// A request that may be malformed. Its texts are bytes, one Latin-1 character each, so that they can hold anything.
/// </summary>
public sealed class FuzzRequest
{
    public required string Method { get; set; }

    /// <summary>The path and the query, as sent.</summary>
    public required string Target { get; set; }

    public string Version { get; set; } = "HTTP/1.1";

    public List<(string Name, string Value)> Headers { get; } = [];

    public byte[] Body { get; set; } = [];

    /// <summary>The framing header with the length of the body; null omits it.</summary>
    public string? Framing { get; set; }

    /// <summary>The framed body, if it differs from the body itself.</summary>
    public byte[]? FramedBody { get; set; }

    /// <summary>Changes the bytes of the whole request, after everything else.</summary>
    public Func<byte[], byte[]> Spoil { get; set; } = bytes => bytes;

    /// <summary>The Latin-1 text whose bytes are this text's UTF-8 bytes.</summary>
    public static string Utf8(string text) =>
        Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    /// <summary>The bytes as sent.</summary>
    public byte[] ToBytes()
    {
        var head = new StringBuilder($"{Method} {Target} {Version}\r\n");
        foreach (var (name, value) in Headers)
        {
            head.Append($"{name}: {value}\r\n");
        }

        if (Framing is not null)
        {
            head.Append(Framing);
        }

        return Spoil([
            .. Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()),
            .. FramedBody ?? Body,
        ]);
    }

    /// <summary>The same for an HTTP client; null when such a client cannot send it.</summary>
    public HttpRequestMessage? ToMessage(Uri address)
    {
        try
        {
            var message = new HttpRequestMessage(
                new HttpMethod(Method),
                new Uri($"{address.GetLeftPart(UriPartial.Authority)}{Target}")
            )
            {
                Content = Body.Length > 0 ? new ByteArrayContent(Body) : null,
            };
            foreach (var (name, value) in Headers.Where(header => header.Name != "Host"))
            {
                if (!message.Headers.TryAddWithoutValidation(name, value))
                {
                    message.Content?.Headers.TryAddWithoutValidation(name, value);
                }
            }

            return
                message.RequestUri!.IsAbsoluteUri
                && message.RequestUri.Authority == address.Authority
                ? message
                : null;
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>The request for reproduction: <c>base64 -d | nc HOST PORT</c>, and in readable form.</summary>
    public override string ToString()
    {
        var bytes = ToBytes();
        var readable = new StringBuilder();
        foreach (var b in bytes.Take(2000))
        {
            readable.Append(b is >= 0x20 and < 0x7F or (byte)'\n' ? $"{(char)b}" : $"\\x{b:x2}");
        }

        return $"{readable}\n\nIn base64, {bytes.Length} bytes:\n{Convert.ToBase64String(bytes)}";
    }
}

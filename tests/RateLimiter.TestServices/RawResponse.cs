using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace RateLimiter.TestServices;

/// <summary>A response over a raw connection.</summary>
/// <param name="Status">The status.</param>
/// <param name="Headers">The headers.</param>
/// <param name="Body">The body.</param>
public sealed partial record RawResponse(
    int Status,
    IReadOnlyList<(string Name, string Value)> Headers,
    string Body
)
{
    private static readonly string[] HeadersOfTheServerItself =
    [
        "content-length",
        "connection",
        "date",
        "allow",
    ];

    public string? ContentType => Header("content-type");

    /// <summary>Whether the web server rejected it before the service saw it.</summary>
    public bool IsOfTheServerItself =>
        Body.Length == 0
        && Headers.All(header => HeadersOfTheServerItself.Contains(header.Name))
        && Header("connection") == "close";

    /// <summary>Sends bytes on a new connection, and reads the first response.</summary>
    /// <param name="address">The address of the service.</param>
    /// <param name="request">The bytes.</param>
    /// <param name="pause">How long to wait for a response before closing the sending side.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>Null when the connection was closed without a response.</returns>
    public static async Task<RawResponse?> AskAsync(
        Uri address,
        byte[] request,
        TimeSpan pause,
        CancellationToken cancellationToken = default
    )
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address.Host, address.Port, cancellationToken);
        try
        {
            await socket.SendAsync(request, cancellationToken);
        }
        catch (SocketException)
        {
            // Rejected before it was sent completely; there may be a response all the same.
        }

        var answer = ReceiveAsync(socket, request, cancellationToken);
        if (await Task.WhenAny(answer, Task.Delay(pause, cancellationToken)) != answer)
        {
            End(socket);
        }

        return await answer;
    }

    public static async Task<RawResponse> ReadAsync(
        HttpResponseMessage response,
        CancellationToken cancellationToken
    )
    {
        var headers = response
            .Headers.Concat(response.Content.Headers)
            .SelectMany(header => header.Value.Select(value => (Lower(header.Key), value)))
            .ToList();
        return new RawResponse(
            (int)response.StatusCode,
            headers,
            IsStream(response.Content.Headers.ContentType?.MediaType)
                ? ""
                : await response.Content.ReadAsStringAsync(cancellationToken)
        );
    }

    public string? Header(string name) =>
        Headers.FirstOrDefault(header => header.Name == name).Value;

    public override string ToString() =>
        $"{Status}\n{string.Join('\n', Headers.Select(header => $"{header.Name}: {header.Value}"))}\n\n{Body}";

    // Missing bytes of a declared length are not waited for.
    private static void End(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The peer closed first.
        }
    }

    private static async Task<RawResponse?> ReceiveAsync(
        Socket socket,
        byte[] request,
        CancellationToken cancellationToken
    )
    {
        var isHead = request.AsSpan().StartsWith("HEAD "u8);
        var received = new List<byte>();
        var buffer = new byte[64 * 1024];
        while (true)
        {
            int count;
            try
            {
                count = await socket.ReceiveAsync(buffer, cancellationToken);
            }
            catch (SocketException)
            {
                count = 0;
            }

            received.AddRange(buffer.AsSpan(0, count));
            var answer = Read(received, hasEnded: count == 0, isHead);
            if (answer is not null || count == 0)
            {
                return answer;
            }
        }
    }

    private static RawResponse? Read(List<byte> received, bool hasEnded, bool isHead)
    {
        var text = Encoding.Latin1.GetString([.. received]);
        while (true)
        {
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0)
            {
                return null;
            }

            var lines = text[..end].Split("\r\n");
            var status = int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture);
            text = text[(end + 4)..];
            if (status < 200)
            {
                continue;
            }

            var headers = lines
                .Skip(1)
                .Select(line => line.Split(':', 2))
                .Select(parts => (Lower(parts[0]), parts[1].Trim()))
                .ToList();
            var answer = new RawResponse(status, headers, "");
            var body =
                isHead || status is 204 or 304 || IsStream(answer.ContentType) ? ""
                : answer.Header("transfer-encoding") is not null ? Chunks(text)
                : answer.Header("content-length") is { } length
                    ? Prefix(text, int.Parse(length, CultureInfo.InvariantCulture))
                : hasEnded ? text
                : null;
            return body is null
                ? null
                : answer with
                {
                    Body = Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(body)),
                };
        }
    }

    private static string? Prefix(string text, int length) =>
        text.Length < length ? null : text[..length];

    private static string? Chunks(string text)
    {
        var body = new StringBuilder();
        while (ChunkSize.Match(text) is { Success: true } head)
        {
            var size = int.Parse(head.Groups[1].Value, NumberStyles.HexNumber, null);
            text = text[head.Length..];
            if (size == 0)
            {
                return body.ToString();
            }

            if (text.Length < size + 2)
            {
                return null;
            }

            body.Append(text, 0, size);
            text = text[(size + 2)..];
        }

        return null;
    }

    private static bool IsStream(string? contentType) =>
        contentType?.StartsWith("text/event-stream", StringComparison.Ordinal) == true;

    private static string Lower(string name) => name.ToLowerInvariant();

    [GeneratedRegex(@"\A([0-9A-Fa-f]+)\r\n")]
    private static partial Regex ChunkSize { get; }
}

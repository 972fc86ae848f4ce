using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Google.Protobuf;
using RateLimiter.TestStores;

namespace RateLimiter.EndToEndTests.Telemetry;

/// <summary>An OpenTelemetry collector that only records what it receives.</summary>
public sealed class Collector : IDisposable
{
    private readonly HttpListener listener = new();
    private readonly ConcurrentQueue<(string Path, byte[] Body)> requests = [];

    public Collector()
    {
        Address = $"http://127.0.0.1:{RedisServer.FreePort()}/";
        listener.Prefixes.Add(Address);
        listener.Start();
        _ = ReceiveAsync();
    }

    public string Address { get; }

    /// <summary>Everything received at a path so far, as text in which every byte is a character.</summary>
    public string Received(string path) =>
        string.Join('\n', requests.Where(it => it.Path == path).Select(it => Text(it.Body)));

    public IEnumerable<ExportedSpan> Spans => Read("/v1/traces", Exported.Spans);

    public IEnumerable<ExportedLine> Lines => Read("/v1/logs", Exported.Lines);

    public IEnumerable<ExportedValue> Values => Read("/v1/metrics", Exported.Values);

    public void Dispose() => listener.Close();

    private IEnumerable<T> Read<T>(string path, Func<ProtobufMessage, IEnumerable<T>> read) =>
        requests
            .Where(it => it.Path == path)
            .SelectMany(it => read(new ProtobufMessage(ByteString.CopyFrom(it.Body))));

    private static string Text(byte[] bytes) => Encoding.Latin1.GetString(bytes);

    private async Task ReceiveAsync()
    {
        while (listener.IsListening)
        {
            try
            {
                var context = await listener.GetContextAsync();
                using var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body);
                requests.Enqueue((context.Request.Url!.AbsolutePath, body.ToArray()));
                context.Response.Close();
            }
            catch (Exception exception)
                when (exception is HttpListenerException or ObjectDisposedException)
            {
                // The test is over.
            }
        }
    }
}

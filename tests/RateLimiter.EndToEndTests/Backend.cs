using System.Collections.Concurrent;
using System.Net;
using RateLimiter.TestStores;

namespace RateLimiter.EndToEndTests;

/// <summary>
/// What stands behind a gateway. It keeps what it was sent, and answers with the body of the request, as 403 where its path
/// is <c>/forbidden</c>.
/// </summary>
public sealed class Backend : IAsyncDisposable
{
    private readonly HttpListener listener = new();
    private readonly ConcurrentQueue<(string Method, string Path, string Body)> requests = new();
    private readonly Task serving;

    public Backend()
    {
        Authority = $"127.0.0.1:{RedisServer.FreePort()}";
        listener.Prefixes.Add($"http://{Authority}/");
        listener.Start();
        serving = ServeAsync();
    }

    public string Authority { get; }

    /// <summary>All that reached it, of one path.</summary>
    public IEnumerable<(string Method, string Path, string Body)> RequestsOf(string path) =>
        requests.Where(request => request.Path == path);

    public async ValueTask DisposeAsync()
    {
        listener.Close();
        await serving;
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var context = await listener.GetContextAsync();
                using var reader = new StreamReader(context.Request.InputStream);
                var body = await reader.ReadToEndAsync();
                var path = context.Request.RawUrl!;
                requests.Enqueue((context.Request.HttpMethod, path, body));
                context.Response.StatusCode = path == "/forbidden" ? 403 : 200;
                await using var writer = new StreamWriter(context.Response.OutputStream);
                await writer.WriteAsync(body);
            }
        }
        catch (Exception exception)
            when (exception is HttpListenerException or ObjectDisposedException)
        {
            // It was closed.
        }
    }
}

using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace RateLimiter.EndToEndTests.Gateway;

/// <summary>
/// A backend behind a gateway. It records its requests, and responds with the body of the request, as 403 where its path is
/// <c>/forbidden</c>.
/// </summary>
public sealed class Backend : IAsyncDisposable
{
    private readonly ConcurrentQueue<(string Method, string Path, string Body)> requests = new();
    private readonly WebApplication app;

    private Backend()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.Run(AnswerAsync);
    }

    public string Authority => new Uri(app.Urls.Single()).Authority;

    public static async Task<Backend> StartAsync()
    {
        var backend = new Backend();
        await backend.app.StartAsync();
        return backend;
    }

    /// <summary>All requests that reached it, of one path.</summary>
    public IEnumerable<(string Method, string Path, string Body)> RequestsOf(string path) =>
        requests.Where(request => request.Path == path);

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        var path = $"{context.Request.Path}{context.Request.QueryString}";
        requests.Enqueue((context.Request.Method, path, body));
        context.Response.StatusCode = path == "/forbidden" ? 403 : 200;
        await context.Response.WriteAsync(body);
    }
}

using System.Net.Http.Headers;

namespace RateLimiter.EndToEndTests.Gateway;

/// <summary>The service behind nginx, as <c>deploy/nginx.conf</c> configures it.</summary>
[TestFixture]
public sealed class NginxTests
{
    /// <summary>Longer than the interval of comments, and than nginx waits for any other response.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    [Test]
    [Contract("GET /logs/stream: works through nginx, without buffering")]
    public async Task Stream_ThroughNginx_ComesAsItIsSent()
    {
        var (_, service) = await SharedServices.OfAsync(Store.Redis);
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", 10);
        await using var nginx = await NginxProxy.StartAsync(service);
        using var http = new HttpClient();
        using var late = new CancellationTokenSource(Patience);
        using var request = new HttpRequestMessage(
            HttpMethod.Get,
            new Uri(nginx.Address, "/logs/stream")
        );
        request.Headers.Add("X-API-Key", client.Key);

        using var response = await http.SendAsync(
            request,
            HttpCompletionOption.ResponseHeadersRead,
            late.Token
        );
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(late.Token));

        Assert.That(
            response.Content.Headers.ContentType,
            Is.EqualTo(new MediaTypeHeaderValue("text/event-stream"))
        );
        Assert.That(await ReadUntilAsync("retry: "), Is.EqualTo("retry: 1000"));
        for (var i = 0; i < 3; i++)
        {
            await client.CheckAsync($"u{i}", "r");
            Assert.That(await ReadUntilAsync("data: "), Does.Contain($"\"user_id\":\"u{i}\""));
        }

        Assert.That(await ReadUntilAsync(":"), Is.EqualTo(": comment"));
        await client.CheckAsync("late", "r");
        Assert.That(await ReadUntilAsync("data: "), Does.Contain("\"user_id\":\"late\""));

        async Task<string> ReadUntilAsync(string beginning)
        {
            while (true)
            {
                var line =
                    await lines.ReadLineAsync(late.Token)
                    ?? throw new AssertionException("nginx has ended the stream.");
                if (line.StartsWith(beginning, StringComparison.Ordinal))
                {
                    return line;
                }
            }
        }
    }
}

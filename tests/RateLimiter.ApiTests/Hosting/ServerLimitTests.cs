using RateLimiter.TestStores;

namespace RateLimiter.ApiTests.Hosting;

/// <summary>The server resources that one caller can use: connections, headers, and time.</summary>
[TestFixture]
public sealed class ServerLimitTests
{
    private const string Host = "Host: x\r\n";
    private const string Get = "GET /health/live HTTP/1.1\r\n" + Host;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private TemporaryFolder folder = null!;

    [SetUp]
    public void MakeFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    [Contract("Headers that are sent too slowly time out")]
    public async Task Request_SlowHeaders_IsCutOff()
    {
        await using var service = await ServeAsync(("Server__HeadersTimeoutSeconds", "1"));
        using var connection = await RawConnection.OpenAsync(service);

        await connection.SendAsync(Get + "X-Slow: ");
        var answer = await connection.DripAsync("x", Interval);

        Assert.That(answer, Does.StartWith("HTTP/1.1 408 ").And.Not.Contain("Server:"));
        await MustServeAsync(service);
    }

    [Test]
    [Contract("A body that is sent too slowly is a 408")]
    public async Task Request_SlowBody_IsCutOff()
    {
        await using var service = await ServeAsync(
            ("Server__MinBytesPerSecond", "10000"),
            ("Server__SlowSeconds", "2")
        );
        using var connection = await RawConnection.OpenAsync(service);

        await connection.SendAsync(
            $"POST /register HTTP/1.1\r\n{Host}Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n"
        );
        // Fast enough for the web server's own default.
        var answer = await connection.DripAsync(new string(' ', 100), Interval);

        Assert.That(answer, Does.StartWith("HTTP/1.1 408 "));
        Assert.That(answer, Does.Contain("application/problem+json").And.Contain("too slowly"));
        await MustServeAsync(service);
    }

    [Test]
    [Contract("A caller that does not read its responses is disconnected")]
    public async Task Answer_NotTaken_EndsTheConnection()
    {
        await using var service = await ServeAsync(
            ("Server__MinBytesPerSecond", "1000000"),
            ("Server__SlowSeconds", "2")
        );
        using var connection = await RawConnection.OpenAsync(service);

        // More than the buffers of the machine hold.
        var large = $"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\n{Host}\r\n";
        await connection.SendAsync(string.Concat(Enumerable.Repeat(large, 20)));

        await Poll.UntilAsync(
            "It keeps the connection.",
            TimeSpan.FromSeconds(30),
            async () => !await connection.SendAsync("\r\n")
        );
        await MustServeAsync(service);
    }

    [Test]
    [Contract("A connection without requests is closed")]
    public async Task Connection_Idle_IsClosed()
    {
        await using var service = await ServeAsync(("Server__KeepAliveSeconds", "1"));
        using var connection = await RawConnection.OpenAsync(service);

        Assert.That(await connection.IsServedAsync(), Is.True);

        Assert.That(await connection.ReadToEndAsync(), Is.Empty);
    }

    [TestCase("Server__MaxHeaderBytes", "2048", 1, 3000)]
    [TestCase("Server__MaxHeaders", "20", 30, 1)]
    [TestCase(null, null, 1, 20_000)]
    [TestCase(null, null, 80, 1)]
    [Contract("Too many or too large headers are a 431")]
    public async Task Request_MoreHeadersThanAllowed_IsRefused(
        string? option,
        string? value,
        int count,
        int length
    )
    {
        await using var service = await ServeAsync(option is null ? [] : [(option, value!)]);

        var answer = await AskAsync(service, count, length);

        Assert.That(answer, Does.StartWith("HTTP/1.1 431 ").And.Not.Contain("Server:"));
        await MustServeAsync(service);
    }

    [TestCase(1, 15_000)]
    [TestCase(60, 1)]
    [Contract("Headers up to 16 KiB and 64 of them are served")]
    public async Task Request_HeadersWithinTheDefaults_IsServed(int count, int length)
    {
        await using var service = await ServeAsync();

        Assert.That(await AskAsync(service, count, length), Does.StartWith("HTTP/1.1 200 "));
    }

    [Test]
    [Contract("Connections beyond the limit are closed, and the others are served")]
    public async Task Connection_MoreThanAllowed_IsClosedAndTheOthersAreServed()
    {
        const int allowed = 5;
        await using var service = await ServeAsync(("Server__MaxConnections", $"{allowed}"));
        var open = new Stack<RawConnection>();
        try
        {
            RawConnection next;
            while (await (next = await RawConnection.OpenAsync(service)).IsServedAsync())
            {
                open.Push(next);
                Assert.That(open, Has.Count.LessThanOrEqualTo(allowed));
            }

            next.Dispose();
            // The first request, the liveness probe, may have kept its connection.
            Assert.That(open, Has.Count.GreaterThanOrEqualTo(allowed - 1));
            foreach (var connection in open)
            {
                Assert.That(await connection.IsServedAsync(), Is.True);
            }

            open.Pop().Dispose();
            await Poll.UntilAsync(
                "No connection becomes free.",
                TimeSpan.FromSeconds(20),
                async () =>
                {
                    using var another = await RawConnection.OpenAsync(service);
                    return await another.IsServedAsync();
                }
            );
        }
        finally
        {
            foreach (var connection in open)
            {
                connection.Dispose();
            }
        }
    }

    private async Task<Service> ServeAsync(params (string Name, string Value)[] settings) =>
        await Service.StartAsync(
            folder.Path,
            [.. await SharedServices.AnyStoreAsync(), .. settings]
        );

    private static async Task<string> AskAsync(Service service, int headers, int length)
    {
        using var connection = await RawConnection.OpenAsync(service);
        var more = Enumerable
            .Range(0, headers)
            .Select(i => $"X-More-{i}: {new string('x', length)}\r\n");
        await connection.SendAsync($"{Get}Connection: close\r\n{string.Concat(more)}\r\n");
        return await connection.ReadToEndAsync();
    }

    private static async Task MustServeAsync(Service service) =>
        (await new ApiClient(service).GetAsync("/health/live")).MustBeOk();
}

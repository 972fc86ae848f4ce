namespace RateLimiter.ApiTests.Hosting;

/// <summary>Callers that start a request and do not complete it: they do not hold a connection.</summary>
[TestFixture]
public sealed class SlowCallerTests
{
    /// <summary>Less than the 30 s of the web server's own timeout.</summary>
    private static readonly TimeSpan TooLong = TimeSpan.FromSeconds(25);

    [Test]
    [Contract("408 for headers and bodies that are never completed")]
    public async Task Request_NeverFinished_IsNotWaitedForLong()
    {
        const string head = "POST /register HTTP/1.1\r\nHost: localhost\r\n";
        const string json = $"{head}Content-Type: application/json\r\n";

        var (_, service) = await SharedServices.OfAsync();

        // In parallel: each takes seconds.
        var answers = await Task.WhenAll(
            AskAsync(service, "POST /check HTTP/1.1\r\nHost: loc"),
            AskAsync(service, $"{head}Content-Length: 10\r\n"),
            AskAsync(service, $"{json}Content-Length: 1000\r\n\r\n{{"),
            AskAsync(service, $"{json}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n5")
        );

        Assert.That(answers, Has.All.StartWith("HTTP/1.1 408 "));
        // The first two are the web server's own.
        Assert.That(answers[2..], Has.All.Contain("application/problem+json"));
    }

    private static async Task<string> AskAsync(Service service, string bytes)
    {
        using var connection = await RawConnection.OpenAsync(service);
        await connection.SendAsync(bytes);
        return await connection.ReadToEndAsync().WaitAsync(TooLong);
    }
}

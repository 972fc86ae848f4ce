using System.Text;

namespace RateLimiter.EndToEndTests;

/// <summary>Callers who begin a request and do not end it: they do not keep a connection.</summary>
public sealed class SlowCallerTests(Store store) : ServiceFixture(store)
{
    /// <summary>Less than the 30 s that the web server waits by itself.</summary>
    private static readonly TimeSpan TooLong = TimeSpan.FromSeconds(25);

    [Test]
    [Contract("408 for headers and bodies that never come")]
    public async Task Request_NeverFinished_IsNotWaitedForLong()
    {
        const string head = "POST /register HTTP/1.1\r\nHost: localhost\r\n";
        const string json = $"{head}Content-Type: application/json\r\n";

        // At once: each takes seconds.
        var answers = await Task.WhenAll(
            AskAsync("POST /check HTTP/1.1\r\nHost: loc"),
            AskAsync($"{head}Content-Length: 10\r\n"),
            AskAsync($"{json}Content-Length: 1000\r\n\r\n{{"),
            AskAsync($"{json}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n5")
        );

        Assert.That(answers.Select(answer => answer?.Status), Has.All.EqualTo(408));
        // The first two are the web server's own.
        Assert.That(
            answers[2..].Select(answer => answer!.ContentType),
            Has.All.StartWith("application/problem+json")
        );
    }

    private async Task<HostileAnswer?> AskAsync(string bytes)
    {
        using var late = new CancellationTokenSource(TooLong);
        return await HostileAnswer.AskAsync(
            Service.Address,
            Encoding.ASCII.GetBytes(bytes),
            pause: TooLong,
            late.Token
        );
    }
}

using System.Text;

namespace RateLimiter.EndToEndTests;

/// <summary>Callers who begin a request and do not end it: they do not keep a connection.</summary>
public sealed class SlowCallerTests(Store store) : ServiceFixture(store)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The web server's own time-out is as long; by then it must be over.</summary>
    private static readonly TimeSpan TooLong = TimeSpan.FromSeconds(25);

    [TestCase("POST /check HTTP/1.1\r\nHost: loc")]
    [TestCase("POST /register HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n")]
    [Contract("408 for headers that never come")]
    public async Task Headers_NeverFinished_AreNotWaitedForLong(string head)
    {
        var answer = await AskAsync(head);

        Assert.That(answer?.Status, Is.EqualTo(408));
    }

    [TestCase("Content-Length: 1000", "{")]
    [TestCase("Transfer-Encoding: chunked", "1\r\n{\r\n5")]
    [Contract("408 for a body that never comes")]
    public async Task Body_NeverFinished_IsNotWaitedForLong(string framing, string body)
    {
        var answer = await AskAsync(
            $"POST /register HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{framing}\r\n\r\n{body}"
        );

        Assert.That(answer?.Status, Is.EqualTo(408));
        Assert.That(answer!.ContentType, Does.StartWith("application/problem+json"));
    }

    private async Task<HostileAnswer?> AskAsync(string bytes)
    {
        using var late = new CancellationTokenSource(TooLong);
        return await HostileAnswer.AskAsync(
            Service.Address,
            Encoding.ASCII.GetBytes(bytes),
            Patience,
            late.Token
        );
    }
}

using System.Text;

namespace RateLimiter.EndToEndTests;

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

        var (_, service) = await SharedServices.OfAsync(Store.Embedded);

        // In parallel: each takes seconds.
        var answers = await Task.WhenAll(
            AskAsync(service, "POST /check HTTP/1.1\r\nHost: loc"),
            AskAsync(service, $"{head}Content-Length: 10\r\n"),
            AskAsync(service, $"{json}Content-Length: 1000\r\n\r\n{{"),
            AskAsync(service, $"{json}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n5")
        );

        Assert.That(answers.Select(answer => answer?.Status), Has.All.EqualTo(408));
        // The first two are the web server's own.
        Assert.That(
            answers[2..].Select(answer => answer!.ContentType),
            Has.All.StartWith("application/problem+json")
        );
    }

    private static async Task<FuzzResponse?> AskAsync(Service service, string bytes)
    {
        using var late = new CancellationTokenSource(TooLong);
        return await FuzzResponse.AskAsync(
            service.Address,
            Encoding.ASCII.GetBytes(bytes),
            pause: TooLong,
            late.Token
        );
    }
}

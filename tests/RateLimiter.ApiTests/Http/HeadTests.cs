namespace RateLimiter.ApiTests.Http;

/// <summary>HEAD for every operation that answers GET.</summary>
public sealed class HeadTests : ServiceFixture
{
    [TestCase("/")]
    [TestCase("/policy")]
    [TestCase("/policy?no=1")]
    [TestCase("/policy/history?route_key=none")]
    [TestCase("/logs/latest")]
    [TestCase("/usage?user_id=u&route_key=none")]
    [TestCase("/keys")]
    [TestCase("/audit/export")]
    [TestCase("/health/live")]
    [TestCase("/metrics")]
    [TestCase("/docs")]
    [TestCase("/docs/index.html")]
    [TestCase("/openapi.json")]
    [TestCase("/nothing")]
    public async Task Head_WhateverGetAnswers_IsTheSameWithoutABody(string path)
    {
        var get = await Client.GetAsync(path);

        var head = await Client.SendAsync(HttpMethod.Head, path);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((head.Status, head.Text), Is.EqualTo((get.Status, "")));
            Assert.That(NamesOf(head), Is.EqualTo(NamesOf(get)));
        }
    }

    [Test]
    public async Task Head_Stream_EndsAtOnce()
    {
        var head = await Client.SendAsync(HttpMethod.Head, "/logs/stream");

        head.MustBeOk();
        Assert.That(head.Headers["Content-Type"], Is.EqualTo("text/event-stream"));
    }

    [Test]
    public async Task Head_WithoutAKey_IsRefused() =>
        (await new ApiClient(Service).SendAsync(HttpMethod.Head, "/policy")).MustBeStatus(401);

    // A Content-Length is allowed, and is that of the body of a GET.
    private static IEnumerable<string> NamesOf(Answer answer) =>
        answer
            .Headers.Keys.Where(name =>
                name is not ("Date" or "Content-Length" or "Transfer-Encoding")
            )
            .Order(StringComparer.Ordinal);
}

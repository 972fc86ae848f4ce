using System.Net;
using System.Net.Http.Json;

namespace RateLimiter.EndToEndTests.AspNetCore;

/// <summary>The sample in front of a language model: <c>samples/llm-gateway</c>.</summary>
public sealed class LlmGatewayTests
{
    private const string Policy = """
        {"route_key":"chat","limits":[
         {"algorithm":"concurrency","limit":1,"name":"user-at-once"},
         {"algorithm":"concurrency","limit":10,"per":["org"],"name":"org-at-once"},
         {"algorithm":"token_bucket","limit":2000,"window_seconds":31536000,"per":["org"],"name":"tokens"}]}
        """;

    [Test]
    [Contract(
        "Tokens are reserved, and those that were used are charged; a slot is held meanwhile"
    )]
    public async Task Chat_AnswersAndCallersThatGo_ChargeWhatWasUsed()
    {
        var (_, service) = await SharedServices.OfAsync();
        var client = await TestClient.RegisterAsync(service);
        (await client.PostAsync("/policy", Policy)).MustBeOk();
        await using var app = await SampleApp.StartAsync(
            "llm-gateway",
            "RateLimiter.Samples.LlmGateway.dll",
            ("RateLimiter__BaseAddress", $"{service.Address}"),
            ("RateLimiter__ApiKey", client.Key)
        );

        using var answer = await AskAsync(app, "one two three");
        var text = await answer.Content.ReadAsStringAsync();
        var afterwards = await UsedAsync(client);
        using var gone = new CancellationTokenSource();
        var words = string.Join(' ', Enumerable.Repeat("word", 190));
        using var open = await AskAsync(app, words, gone.Token);
        using var second = await AskAsync(app, "me too");
        var meanwhile = await UsedAsync(client);
        await gone.CancelAsync();
        open.Dispose();
        await Poll.UntilAsync(
            "The slot of a caller that has gone does not come back.",
            TimeSpan.FromSeconds(20),
            async () => await UsedAsync(client) is [0, 0, var tokens] && tokens < meanwhile[2]
        );

        Assert.That(text, Is.EqualTo("one two three "));
        Assert.That(
            afterwards,
            Is.EqualTo(new long[] { 0, 0, 6 }),
            "3 of the prompt, 3 of the answer"
        );
        Assert.That(meanwhile, Is.EqualTo(new long[] { 1, 1, 6 + 190 + 200 }));
        Assert.That(second.StatusCode, Is.EqualTo(HttpStatusCode.TooManyRequests));
        Assert.That((await UsedAsync(client))[2], Is.GreaterThanOrEqualTo(6 + 190));
    }

    private static async Task<HttpResponseMessage> AskAsync(
        SampleApp app,
        string prompt,
        CancellationToken cancellationToken = default
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/chat")
        {
            Content = JsonContent.Create(new { prompt }),
            Headers = { { "X-User", "alice" }, { "X-Organisation", "acme" } },
        };
        return await app.Http.SendAsync(
            request,
            HttpCompletionOption.ResponseHeadersRead,
            cancellationToken
        );
    }

    private static async Task<long[]> UsedAsync(TestClient client) =>
        [
            .. (await client.GetAsync("/usage?route_key=chat&user_id=alice&subject.org=acme"))
                .MustBeOk()["limits"]
                .EnumerateArray()
                .Select(limit => limit.GetProperty("used").GetInt64()),
        ];
}

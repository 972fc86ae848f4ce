using System.Globalization;
using System.Text.Json;

namespace RateLimiter.ApiTests.Checks;

/// <summary>POST /check/batch.</summary>
public sealed class BatchTests : ServiceFixture
{
    [Test]
    [Contract("POST /check/batch → results, in order, each item on its own")]
    public async Task Batch_GoodAndBadItems_AnswersEachInItsPlace()
    {
        await Client.HasPolicyAsync("r", 2);

        var results = await ResultsAsync(
            """{"user_id":"u","route_key":"r"}""",
            """{"user_id":"u","route_key":"nothing here"}""",
            """{"user_id":"u","route_key":"r","cost":"1"}""",
            """{"user_id":"u","route_key":"r","kost":1}""",
            """{"user_id":"","route_key":"r"}""",
            "null",
            "[]",
            """{"user_id":"v","route_key":"r"}""",
            """{"user_id":"u","route_key":"r"}""",
            """{"user_id":"u","route_key":"r"}"""
        );

        Assert.That(
            results.Select(Short),
            Is.EqualTo(
                new[]
                {
                    "allowed, 1 left",
                    "404",
                    "400 cost",
                    "400 kost",
                    "400 user_id",
                    "400 body",
                    "400 body",
                    "allowed, 1 left",
                    "allowed, 0 left",
                    "denied, 0 left",
                }
            )
        );
    }

    [Test]
    [Contract("checks: role and cost as in POST /check")]
    public async Task Batch_RolesAndCosts_AreThoseOfEachItem()
    {
        await Client.HasPolicyAsync("r", 10);
        await Client.HasPolicyAsync("r", 100, role: "free");

        var results = await ResultsAsync(
            """{"user_id":"u","route_key":"r","role":"free","cost":7}""",
            """{"user_id":"u","route_key":"r","cost":4}""",
            """{"user_id":"u","route_key":"r","role":null}"""
        );

        Assert.That(
            results.Select(Short),
            Is.EqualTo(new[] { "allowed, 93 left", "allowed, 6 left", "allowed, 5 left" })
        );
    }

    [Test]
    [Contract("results: [decision or {error: problem}]")]
    public async Task Batch_Item_IsAWholeDecisionOrAWholeProblem()
    {
        await Client.HasPolicyAsync("r", 2, 60);

        var results = await ResultsAsync(
            """{"user_id":"u","route_key":"r"}""",
            """{"user_id":"u","route_key":"none"}"""
        );

        Assert.That(
            JsonElement.DeepEquals(
                results[0],
                JsonElement.Parse(
                    """
                    {"allowed":true,"granted":1,"remaining":1,"reset_in":60,"resets_at":null,"reason":null,"limit":2,"capacity":2,"retry_after":null,
                     "retry_after_ms":null,"matched_role":"default","matched_route":"r","shadow_denied":false,"degraded":false,
                     "violated":[],"override_id":null}
                    """
                )
            ),
            $"{results[0]}"
        );
        Assert.That(
            results[1].EnumerateObject().Select(member => member.Name),
            Is.EqualTo(new[] { "error" })
        );
        Assert.That(
            results[1].GetProperty("error").EnumerateObject().Select(member => member.Name),
            Is.EquivalentTo(new[] { "type", "title", "status", "detail", "trace_id" })
        );
    }

    [Test]
    [Contract("1–1000 checks; 1 MiB")]
    public async Task Batch_ThousandChecksOfOneUser_AllowsTheLimitInOrder()
    {
        await Client.HasPolicyAsync("r", 345);
        var check = """{"user_id":"a user with a name of forty characters","route_key":"r"}""";

        var results = await ResultsAsync([.. Enumerable.Repeat(check, 1000)]);

        Assert.That(
            results.Select(result => result.GetProperty("allowed").GetBoolean()),
            Is.EqualTo(Enumerable.Range(0, 1000).Select(i => i < 345))
        );
        Assert.That(await Client.LogsAsync(), Has.Count.EqualTo(1000));
    }

    [TestCase("{}")]
    [TestCase("""{"checks":null}""")]
    [TestCase("""{"checks":[]}""")]
    [TestCase("""{"checks":{}}""")]
    [Contract("checks: 1–1000")]
    public async Task Batch_WithoutChecks_IsRefused(string body) =>
        (await Client.PostAsync("/check/batch", body)).MustRefuse("checks");

    [Test]
    [Contract("checks: 1–1000")]
    public async Task Batch_OfThousandAndOne_IsRefusedAndTakesNothing()
    {
        await Client.HasPolicyAsync("r", 10);
        var checks = string.Join(
            ',',
            Enumerable.Repeat("""{"user_id":"u","route_key":"r"}""", 1001)
        );

        var answer = await Client.PostAsync("/check/batch", $$"""{"checks":[{{checks}}]}""");

        answer.MustRefuse("checks");
        Assert.That(await Client.RemainingAsync("u", "r"), Is.EqualTo(10));
    }

    [Test]
    [Contract("413 body over 1 MiB for batches")]
    public async Task Batch_BodyOverOneMebibyte_AnswersTooLarge()
    {
        var body =
            $$"""{"checks":[{"user_id":"{{new string('x', 1024 * 1024)}}","route_key":"r"}]}""";

        (await Client.PostAsync("/check/batch", body)).MustBeProblem(413);
    }

    [Test]
    [Contract("400 malformed")]
    public async Task Batch_MalformedJson_IsRefused() =>
        (
            await Client.PostAsync("/check/batch", """{"checks":[{"user_id":"u","route_key":]}""")
        ).MustRefuse("body");

    private static string Short(JsonElement result)
    {
        if (!result.TryGetProperty("error", out var error))
        {
            var verdict = result.GetProperty("allowed").GetBoolean() ? "allowed" : "denied";
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{verdict}, {result.GetProperty("remaining").GetInt64()} left"
            );
        }

        var fields = error.TryGetProperty("errors", out var errors)
            ? errors.EnumerateObject().Select(field => $" {field.Name}")
            : [];
        return $"{error.GetProperty("status")}{string.Concat(fields)}";
    }

    private async Task<IReadOnlyList<JsonElement>> ResultsAsync(params string[] checks)
    {
        var answer = await Client.PostAsync(
            "/check/batch",
            $$"""{"checks":[{{string.Join(',', checks)}}]}"""
        );
        return [.. answer.MustBeOk()["results"].EnumerateArray()];
    }
}

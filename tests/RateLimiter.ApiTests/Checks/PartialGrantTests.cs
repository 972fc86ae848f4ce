using System.Text.Json;

namespace RateLimiter.ApiTests.Checks;

/// <summary>min_cost, and what a decision grants.</summary>
public sealed class PartialGrantTests : ServiceFixture
{
    [Test]
    [Contract("Fewer than cost but at least min_cost are left: allowed, and takes what is left")]
    public async Task Check_FewerAreLeft_TakesThese()
    {
        await Client.HasPolicyAsync("r", 10);
        await CheckAsync(cost: 7);

        var some = await CheckAsync(cost: 5, minCost: 2);
        var none = await CheckAsync(cost: 5, minCost: 1);

        Assert.That(
            new[] { some, none }.Select(it => (it.Allowed, Granted(it), it.Remaining)),
            Is.EqualTo(new[] { (true, 3L, 0L), (false, 0L, 0L) })
        );
    }

    [Test]
    [Contract("min_cost: fewer are left than that: denied, and takes nothing")]
    public async Task Check_FewerThanMinCostAreLeft_TakesNothing()
    {
        await Client.HasPolicyAsync("r", 10);
        await CheckAsync(cost: 8);

        var denial = await CheckAsync(cost: 5, minCost: 3);

        Assert.That(
            (denial.Allowed, Granted(denial), denial.Remaining),
            Is.EqualTo((false, 0L, 2L))
        );
    }

    [Test]
    [Contract("The same number from each limit")]
    public async Task Check_SeveralLimits_TakesTheSameFromEach()
    {
        (
            await Client.PostAsync(
                "/policy",
                """
                {"route_key":"r","limits":[{"name":"a","limit":9,"window_seconds":3600},
                 {"name":"b","limit":4,"window_seconds":86400,"algorithm":"token_bucket"},
                 {"name":"c","limit":7,"window_seconds":86400,"algorithm":"sliding_log"}]}
                """
            )
        ).MustBeOk();

        var answer = await CheckAsync(cost: 8, minCost: 1);

        Assert.That((answer.Allowed, Granted(answer)), Is.EqualTo((true, 4L)));
        Assert.That(
            answer.Headers["RateLimit"],
            Does.Match("\"a\";r=5;t=[0-9]+, \"b\";r=0;t=[0-9]+, \"c\";r=3;")
        );
    }

    [TestCase(null, false)]
    [TestCase(11, false)]
    [TestCase(10, true)]
    [TestCase(1, true)]
    [Contract("A cost above the capacity is no \"never\" if min_cost fits")]
    public async Task Check_CostAboveTheLimit_PassesIfMinCostFits(int? minCost, bool allowed)
    {
        await Client.HasPolicyAsync("r", 10);

        var first = await CheckAsync(cost: 20, minCost);
        var second = await CheckAsync(cost: 20, minCost);

        Assert.That((first.Allowed, Granted(first)), Is.EqualTo((allowed, allowed ? 10L : 0L)));
        Assert.That(second.Allowed, Is.False);
        Assert.That(
            second["retry_after"].ValueKind is JsonValueKind.Number,
            Is.EqualTo(allowed),
            "A wait helps."
        );
    }

    [TestCase(10, 10, 10)]
    [TestCase(10, 3, 3)]
    [TestCase(100, 1, 1)]
    [Contract("A denial's wait is for min_cost")]
    public async Task Check_Denied_WaitsForMinCost(long cost, long minCost, int seconds)
    {
        (
            await Client.PostAsync(
                "/policy",
                """{"route_key":"r","limit":3600,"window_seconds":3600,"algorithm":"token_bucket","burst":1000}"""
            )
        ).MustBeOk();
        await CheckAsync(cost: 1000);
        // What has flowed in since is taken too.
        await CheckAsync(cost: 1000, minCost: 1);

        var denial = await CheckAsync(cost, minCost);

        Assert.That(denial.Allowed, Is.False);
        Assert.That(denial["retry_after"].GetInt64(), Is.InRange(seconds - 2, seconds));
    }

    [Test]
    [Contract("granted: cost when allowed in full; 0 when denied or cost is 0")]
    public async Task Check_WithoutMinCost_GrantsTheCostOrNothing()
    {
        await Client.HasPolicyAsync("r", 10);

        var costs = new[] { 7, 0, 4, 3, 1 };
        var granted = new List<long>();
        foreach (var cost in costs)
        {
            granted.Add(Granted(await CheckAsync(cost)));
        }

        Assert.That(granted, Is.EqualTo(new[] { 7, 0, 0, 3, 0 }));
    }

    [TestCase(""" "mode":"shadow" """)]
    [TestCase(""" "is_active":false """)]
    [Contract("granted: the cost also in shadow and inactive")]
    public async Task Check_PolicyThatDeniesNothing_GrantsTheCost(string how)
    {
        (
            await Client.PostAsync(
                "/policy",
                $$"""{"route_key":"r","limit":10,"window_seconds":3600,{{how}}}"""
            )
        ).MustBeOk();
        await CheckAsync(cost: 8);

        var some = await CheckAsync(cost: 5, minCost: 1);
        var more = await CheckAsync(cost: 100);

        Assert.That(
            new[] { some, more }.Select(it => (it.Allowed, Granted(it))),
            Is.EqualTo(new[] { (true, 5L), (true, 100L) })
        );
    }

    [TestCase("5", "0")]
    [TestCase("5", "6")]
    [TestCase("5", "-1")]
    [TestCase("0", "1")]
    [TestCase("1", "2")]
    [TestCase("5", "1.5")]
    [TestCase("5", "\"1\"")]
    [TestCase("5", "[]")]
    [TestCase("5", "9223372036854775808")]
    [Contract("min_cost: 1–cost; 0 only with cost 0")]
    public async Task AnyCheck_MinCostOutOfBounds_IsRefused(string cost, string minCost)
    {
        await Client.HasPolicyAsync("r", 10);
        var check = $$"""{"user_id":"u","route_key":"r","cost":{{cost}},"min_cost":{{minCost}}}""";

        var single = await Client.PostAsync("/check", check);
        var batch = await Client.PostAsync("/check/batch", $$"""{"checks":[{{check}}]}""");

        single.MustRefuse("min_cost");
        Assert.That(
            batch
                .MustBeOk()["results"][0]
                .GetProperty("error")
                .GetProperty("errors")
                .EnumerateObject()
                .Select(error => error.Name),
            Is.EqualTo(new[] { "min_cost" })
        );
        Assert.That(await Client.RemainingAsync("u", "r"), Is.EqualTo(10));
    }

    [Test]
    public async Task Refund_MinCost_IsRefused() =>
        (
            await Client.PostAsync(
                "/usage/refund",
                """{"user_id":"u","route_key":"r","cost":2,"min_cost":1}"""
            )
        ).MustRefuse("min_cost");

    [Test]
    public async Task Batch_MinCosts_AreThoseOfEachItem()
    {
        await Client.HasPolicyAsync("r", 10);
        string[] costs =
        [
            """ "cost":0,"min_cost":0 """,
            """ "cost":8,"min_cost":8 """,
            """ "cost":5 """,
            """ "cost":5,"min_cost":1 """,
            """ "cost":5,"min_cost":1 """,
        ];
        var checks = costs.Select(it => $$"""{"user_id":"u","route_key":"r",{{it}}}""");

        var batch = await Client.PostAsync(
            "/check/batch",
            $$"""{"checks":[{{string.Join(',', checks)}}]}"""
        );

        Assert.That(
            batch
                .MustBeOk()["results"]
                .EnumerateArray()
                .Select(result => result.GetProperty("granted").GetInt64()),
            Is.EqualTo(new[] { 0, 8, 0, 2, 0 })
        );
    }

    private static long Granted(Answer answer) => answer.MustBeOk()["granted"].GetInt64();

    private Task<Answer> CheckAsync(long cost, long? minCost = null) =>
        Client.PostAsync(
            "/check",
            new Json
            {
                ["user_id"] = "u",
                ["route_key"] = "r",
                ["cost"] = cost,
                ["min_cost"] = minCost,
            }.ToString()
        );
}

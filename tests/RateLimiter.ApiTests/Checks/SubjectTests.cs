namespace RateLimiter.ApiTests.Checks;

/// <summary>Subjects beside the user, in checks, batches and refunds.</summary>
public sealed class SubjectTests : ServiceFixture
{
    private const string OrganisationAndMember = """
        {"route_key":"r","limits":[
         {"name":"org","limit":3,"window_seconds":3600,"per":["org"]},
         {"name":"member","limit":2,"window_seconds":3600,"per":["user_id","org"]}]}
        """;

    [Test]
    [Contract("""Limit: "per"; in the short form it stands beside limit""")]
    public async Task Check_LimitOfAnOrganisation_CountsAllItsUsers()
    {
        await SaveAsync("""{"route_key":"r","limit":2,"window_seconds":3600,"per":["org"]}""");

        string[] checks = ["alice acme", "bob acme", "carol acme", "carol umbrella", "bob Acme"];
        var answers = new List<Answer>();
        foreach (var check in checks.Select(check => check.Split(' ')))
        {
            answers.Add(await CheckAsync(check[0], $$"""{"org":"{{check[1]}}"}"""));
        }

        Assert.That(
            answers.Select(answer => (answer.MustBeOk().Allowed, answer.Remaining)),
            Is.EqualTo(new[] { (true, 1L), (true, 0L), (false, 0L), (true, 1L), (true, 1L) })
        );
        Assert.That(answers[2].Headers["RateLimit"], Does.StartWith("\"default\";r=0;t="));
    }

    [Test]
    [Contract("per []: one counter for all who are asked for on that route")]
    public async Task Check_LimitForAll_CountsEverybody()
    {
        await SaveAsync("""{"route_key":"r","limit":2,"window_seconds":3600,"per":[]}""");

        var one = await CheckAsync("alice");
        var other = await CheckAsync("bob", """{"org":"acme"}""");
        var third = await CheckAsync("carol");

        Assert.That((one.Remaining, other.Remaining, third.Allowed), Is.EqualTo((1L, 0L, false)));
    }

    [Test]
    [Contract("Under the route * every counter is also of the route asked for")]
    public async Task Check_CatchAll_CountsEachRouteOfAnOrganisationByItself([Values] bool isCommon)
    {
        var beside = isCommon ? "" : """,{"name":"user","limit":100,"window_seconds":3600}""";
        await SaveAsync(
            $$"""{"route_key":"*","limits":[{"name":"org","limit":5,"window_seconds":3600,"per":["org"]}{{beside}}]}"""
        );

        await CheckAsync("alice", """{"org":"acme"}""", cost: 4, route: "one");

        var same = await CheckAsync("bob", """{"org":"acme"}""", route: "one");
        var other = await CheckAsync("bob", """{"org":"acme"}""", route: "two");
        Assert.That((same.Remaining, other.Remaining), Is.EqualTo((0L, 4L)));
    }

    [Test]
    [Contract("All or none in one atomic step: a denial by one limit charges no other")]
    public async Task Check_OneLimitDenies_ChargesNoOther()
    {
        await SaveAsync(OrganisationAndMember);

        string[] checks = ["alice", "alice", "alice", "alice", "bob", "carol"];
        var violated = new List<string>();
        foreach (var user in checks)
        {
            violated.Add(
                $"{(await CheckAsync(user, """{"org":"acme"}""")).MustBeOk()["violated"]}"
            );
        }

        Assert.That(
            violated,
            Is.EqualTo(
                new[] { "[]", "[]", """["member"]""", """["member"]""", "[]", """["org"]""" }
            )
        );
        var usage = await Client.GetAsync("/usage?route_key=r&user_id=carol&subject.org=acme");
        Assert.That(
            usage["limits"].EnumerateArray().Select(limit => limit.GetProperty("used").GetInt64()),
            Is.EqualTo(new[] { 3, 0 })
        );
    }

    [Test]
    [Contract("Two policies of the same route and different per: each its own counters")]
    public async Task Check_RolesWithDifferentSubjects_HaveTheirOwnCounters()
    {
        await SaveAsync("""{"route_key":"r","limit":5,"window_seconds":3600,"per":["org"]}""");
        await SaveAsync("""{"route_key":"r","role":"free","limit":5,"window_seconds":3600}""");

        await CheckAsync("alice", """{"org":"acme"}""", cost: 3);
        var free = await CheckAsync("alice", """{"org":"acme"}""", role: "free");

        Assert.That(free.MustBeOk().Remaining, Is.EqualTo(4));
    }

    [Test]
    [Contract("when_missing reject (default): 400, errors has subjects.org and names the limit")]
    public async Task Check_SubjectMissing_IsRefusedAndChargesNothing()
    {
        await SaveAsync(
            """
            {"route_key":"r","limits":[{"name":"all","limit":9,"window_seconds":3600,"per":[]},
             {"name":"of org","limit":9,"window_seconds":3600,"per":["org"]},
             {"name":"of model","limit":9,"window_seconds":3600,"per":["model","org"],"when_missing":"reject"}]}
            """
        );

        var one = await CheckAsync("alice", """{"org":"acme"}""");
        var both = await CheckAsync("alice", """{"orgs":"acme"}""");

        one.MustRefuse("subjects.model");
        Assert.That($"{one["errors"]}", Does.Contain("of model"));
        both.MustRefuse("subjects.model", "subjects.org");
        Assert.That($"{both["errors"].GetProperty("subjects.org")}", Does.Contain("of org"));
        Assert.That(
            (await Client.GetAsync("/usage?route_key=r")).MustBeOk()["used"].GetInt64(),
            Is.Zero
        );
    }

    [Test]
    [Contract("when_missing skip: this limit is not asked and not in the headers")]
    public async Task Check_SubjectMissingAndSkipped_AsksTheOtherLimits()
    {
        await SaveAsync(
            """
            {"route_key":"r","limits":[
             {"name":"org","limit":1,"window_seconds":3600,"per":["org"],"when_missing":"skip"},
             {"name":"user","limit":5,"window_seconds":3600}]}
            """
        );

        var without = await CheckAsync("alice");
        var with = await CheckAsync("alice", """{"org":"acme"}""");
        var again = await CheckAsync("alice");

        Assert.That(
            new[] { without, with, again }.Select(answer => (answer.Allowed, answer.Remaining)),
            Is.EqualTo(new[] { (true, 4L), (true, 0L), (true, 2L) })
        );
        Assert.That(without.Headers["RateLimit-Policy"], Is.EqualTo("\"user\";q=5;w=3600"));
        Assert.That(without.Headers["RateLimit"], Does.StartWith("\"user\";r=4;t="));
        Assert.That(with.Headers["RateLimit-Policy"], Does.Contain("\"org\";q=1;w=3600"));
    }

    [Test]
    [Contract("If all are skipped: allowed, nothing counted, figures as of an inactive policy")]
    public async Task Check_AllLimitsSkipped_IsAllowedAndNotCounted()
    {
        await SaveAsync(
            """{"route_key":"r","limit":2,"window_seconds":3600,"per":["org"],"when_missing":"skip"}"""
        );

        for (var i = 0; i < 3; i++)
        {
            var answer = (await CheckAsync("alice", cost: 2)).MustBeOk();

            Assert.That(
                (answer.Allowed, answer.Remaining, answer["granted"].GetInt64()),
                Is.EqualTo((true, 2L, 2L))
            );
            Assert.That(answer["reset_in"].GetInt64(), Is.Zero);
            Assert.That(
                answer.Headers.Keys.Where(name =>
                    name.StartsWith("RateLimit", StringComparison.OrdinalIgnoreCase)
                ),
                Is.Empty
            );
        }

        Assert.That((await CheckAsync("alice", """{"org":"a"}""")).Remaining, Is.EqualTo(1));
    }

    [TestCase("acme", "Acme")]
    [TestCase("acme", "acme ")]
    [TestCase("é", "e\u0301")]
    [TestCase("a:b", "a")]
    [TestCase("}", "{")]
    [Contract("A value: 1–256 characters, any but control characters, compared byte for byte")]
    public async Task Check_OtherValue_IsAnotherOwner(string one, string other)
    {
        await SaveAsync("""{"route_key":"r","limit":5,"window_seconds":3600,"per":["org"]}""");

        await CheckAsync("u", new Json { ["org"] = one }.ToString());

        Assert.That(
            (await CheckAsync("u", new Json { ["org"] = other }.ToString())).Remaining,
            Is.EqualTo(4)
        );
    }

    [TestCase("{}")]
    [TestCase("null")]
    [TestCase("""{"a":"1","b":"2","c":"3","d":"4","e":"5","f":"6","g":"7","h_8":"8"}""")]
    [Contract("0–8 members; unknown names are fine")]
    public async Task Check_SubjectsThatNoLimitNames_ChangeNothing(string subjects)
    {
        await Client.HasPolicyAsync("r", 5);
        await Client.CheckAsync("u", "r");

        Assert.That((await CheckAsync("u", subjects)).MustBeOk().Remaining, Is.EqualTo(3));
    }

    [TestCase("x", 256)]
    [TestCase("😀", 256)]
    [TestCase(" ", 1)]
    public async Task Check_LongestValue_IsAccepted(string character, int length)
    {
        await SaveAsync("""{"route_key":"r","limit":5,"window_seconds":3600,"per":["org"]}""");

        var answer = await CheckAsync("u", $$"""{"org":"{{character.Times(length)}}"}""");

        Assert.That(answer.MustBeOk().Remaining, Is.EqualTo(4));
    }

    private static IEnumerable<TestCaseData<string, string>> Malformed()
    {
        yield return new(
            """{"a":"1","b":"2","c":"3","d":"4","e":"5","f":"6","g":"7","h":"8","i":"9"}""",
            "subjects"
        );
        yield return new("[]", "subjects");
        yield return new("\"acme\"", "subjects");
        yield return new("1", "subjects");
        yield return new("""{"user_id":"u"}""", "subjects.user_id");
        yield return new("""{"Org":"acme"}""", "subjects.Org");
        yield return new("""{"1org":"acme"}""", "subjects.1org");
        yield return new("""{"org-id":"acme"}""", "subjects.org-id");
        yield return new($$"""{"{{"a".Times(65)}}":"acme"}""", $"subjects.{"a".Times(65)}");
        yield return new("""{"org":""}""", "subjects.org");
        yield return new($$"""{"org":"{{"x".Times(257)}}"}""", "subjects.org");
        yield return new($$"""{"org":"{{"😀".Times(257)}}"}""", "subjects.org");
        yield return new("""{"org":"a\u0000"}""", "subjects.org");
        yield return new("""{"org":"a\u0085"}""", "subjects.org");
        yield return new("""{"org":"\ud800"}""", "subjects.org");
        yield return new("""{"org":null}""", "subjects.org");
        yield return new("""{"org":1}""", "subjects.org");
        yield return new("""{"org":["acme"]}""", "subjects.org");
        yield return new("""{"org":"acme","org":"acme"}""", "subjects.org");
    }

    [TestCaseSource(nameof(Malformed))]
    [Contract("Nine subjects, bad names, over-long values, doubled members: 400 with the field")]
    public async Task AnyCheck_SubjectsMalformed_IsRefusedAndChargesNothing(
        string subjects,
        string field
    )
    {
        await Client.HasPolicyAsync("r", 5);
        var check = $$"""{"user_id":"u","route_key":"r","subjects":{{subjects}}}""";

        var single = await Client.PostAsync("/check", check);
        var refund = await Client.PostAsync("/usage/refund", check);
        var batch = await Client.PostAsync(
            "/check/batch",
            $$"""{"checks":[{{check}},{"user_id":"u","route_key":"r"}]}"""
        );

        single.MustRefuse(field);
        refund.MustRefuse(field);
        var results = batch.MustBeOk()["results"];
        Assert.That(
            results[0]
                .GetProperty("error")
                .GetProperty("errors")
                .EnumerateObject()
                .Select(error => error.Name),
            Is.EqualTo(new[] { field })
        );
        Assert.That(results[1].GetProperty("remaining").GetInt64(), Is.EqualTo(4));
    }

    [Test]
    [Contract("Batch items have subjects; each item is answered on its own")]
    public async Task Batch_Subjects_AreThoseOfEachItem()
    {
        await SaveAsync(OrganisationAndMember);
        string[] subjects =
        [
            ""","subjects":{"org":"acme"}""",
            ""","subjects":{"org":"umbrella"}""",
            "",
            ""","subjects":{"org":"acme"}""",
            ""","subjects":{"org":"acme"}""",
        ];
        var checks = subjects.Select(it => $$"""{"user_id":"u","route_key":"r"{{it}}}""");

        var batch = await Client.PostAsync(
            "/check/batch",
            $$"""{"checks":[{{string.Join(',', checks)}}]}"""
        );

        Assert.That(
            batch
                .MustBeOk()["results"]
                .EnumerateArray()
                .Select(result =>
                    result.TryGetProperty("error", out var error)
                        ? string.Join(
                            ' ',
                            error.GetProperty("errors").EnumerateObject().Select(it => it.Name)
                        )
                        : $"{result.GetProperty("granted")} {result.GetProperty("violated")}"
                ),
            Is.EqualTo(new[] { "1 []", "1 []", "subjects.org", "1 []", """0 ["member"]""" })
        );
    }

    [Test]
    [Contract("Refund: with subjects, as the check")]
    public async Task Refund_Subjects_GivesBackToEveryCounter()
    {
        await SaveAsync(OrganisationAndMember);
        await CheckAsync("alice", """{"org":"acme"}""", cost: 2);

        var refund = await Client.PostAsync(
            "/usage/refund",
            """{"user_id":"alice","route_key":"r","subjects":{"org":"acme"}}"""
        );
        var without = await Client.PostAsync(
            "/usage/refund",
            """{"user_id":"alice","route_key":"r"}"""
        );

        Assert.That(refund.MustBeOk().Remaining, Is.EqualTo(1));
        Assert.That(
            refund.Headers["RateLimit"],
            Does.Match("\"org\";r=2;t=[0-9]+, \"member\";r=1")
        );
        without.MustRefuse("subjects.org");
    }

    [Test]
    [Contract(
        "An exhausted organisation denies all its users; a refund, reset or higher limit ends it"
    )]
    public async Task Check_ExhaustedOrganisation_IsAllowedAgainAfterEveryChange(
        [Values("refund", "reset", "policy")] string change
    )
    {
        await SaveAsync(OrganisationAndMember);
        await CheckAsync("alice", """{"org":"acme"}""", cost: 2);
        await CheckAsync("bob", """{"org":"acme"}""");
        for (var i = 0; i < 2; i++)
        {
            Assert.That((await CheckAsync("carol", """{"org":"acme"}""")).Allowed, Is.False);
            Assert.That((await CheckAsync("dave", """{"org":"acme"}""")).Allowed, Is.False);
        }

        Assert.That((await CheckAsync("carol", """{"org":"umbrella"}""")).Allowed);

        _ = change switch
        {
            "refund" => (
                await Client.PostAsync(
                    "/usage/refund",
                    """{"user_id":"bob","route_key":"r","subjects":{"org":"acme"}}"""
                )
            ).MustBeOk(),
            "reset" => (
                await Client.SendAsync(HttpMethod.Delete, "/usage?route_key=r&subject.org=acme")
            ).MustBeStatus(204),
            _ => await SaveAsync(
                OrganisationAndMember.Replace(
                    "\"limit\":3",
                    "\"limit\":4",
                    StringComparison.Ordinal
                )
            ),
        };

        Assert.That((await CheckAsync("dave", """{"org":"acme"}""")).Allowed);
    }

    private async Task<Answer> SaveAsync(string policy) =>
        (await Client.PostAsync("/policy", policy)).MustBeOk();

    private Task<Answer> CheckAsync(
        string user,
        string subjects = "null",
        long cost = 1,
        string route = "r",
        string role = "default"
    ) =>
        Client.PostAsync(
            "/check",
            $$"""
            {"user_id":"{{user}}","route_key":"{{route}}","role":"{{role}}","cost":{{cost}},
             "subjects":{{subjects}}}
            """
        );
}

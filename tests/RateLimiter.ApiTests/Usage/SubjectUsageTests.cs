using System.Text.Json;

namespace RateLimiter.ApiTests.Usage;

/// <summary>GET and DELETE /usage of subjects beside the user.</summary>
public sealed class SubjectUsageTests : ServiceFixture
{
    private const string Policy = """
        {"route_key":"r","limits":[
         {"name":"all","limit":90,"window_seconds":3600,"per":[]},
         {"name":"org","limit":50,"window_seconds":3600,"per":["org"]},
         {"name":"org too","limit":60,"window_seconds":3600,"per":["org"]},
         {"name":"member","limit":20,"window_seconds":3600,"per":["user_id","org"]},
         {"name":"user","limit":30,"window_seconds":3600}]}
        """;

    [SetUp]
    public async Task CheckAsync()
    {
        (await Client.PostAsync("/policy", Policy)).MustBeOk();
        (
            await Client.PostAsync(
                "/check",
                """{"user_id":"alice","route_key":"r","cost":4,"subjects":{"org":"acme"}}"""
            )
        ).MustBeOk();
    }

    [TestCase("user_id=alice&subject.org=acme", "all 4, org 4, org too 4, member 4, user 4")]
    [TestCase("user_id=bob&subject.org=acme", "all 4, org 4, org too 4, member 0, user 0")]
    [TestCase("user_id=alice&subject.org=umbrella", "all 4, org 0, org too 0, member 0, user 4")]
    [TestCase("user_id=alice", "all 4, user 4")]
    [TestCase("user_id=alice&subject.model=gpt", "all 4, user 4")]
    [TestCase("subject.org=acme", "all 4, org 4, org too 4")]
    [TestCase("subject.model=gpt", "all 4")]
    [TestCase("role=pro", "all 4")]
    [Contract("GET /usage leaves out limits whose subjects are not all named")]
    public async Task Usage_Subjects_HasTheLimitsOfWhichAllAreNamed(string query, string limits)
    {
        var usage = (await Client.GetAsync($"/usage?route_key=r&{query}")).MustBeOk();

        Assert.That(Used(usage), Is.EqualTo(limits));
        Assert.That(
            usage.Headers["RateLimit-Policy"].Count(it => it == ';') / 2,
            Is.EqualTo(limits.Split(',').Length)
        );
    }

    [Test]
    [Contract("GET /usage: per of each limit, in all and for each limit the figures of now")]
    public async Task Usage_OneSubject_TellsTheFiguresOfItsLimits()
    {
        var usage = (await Client.GetAsync("/usage?route_key=r&subject.org=acme")).MustBeOk();

        Assert.That(
            (usage["used"].GetInt64(), usage.Remaining, usage["capacity"].GetInt64()),
            Is.EqualTo((4, 46, 50))
        );
        Assert.That((usage.Allowed, usage["granted"].GetInt64()), Is.EqualTo((true, 1)));
        Assert.That(
            usage["limits"].EnumerateArray().Select(limit => $"{limit.GetProperty("per")}"),
            Is.EqualTo(new[] { "[]", """["org"]""", """["org"]""" })
        );
    }

    [Test]
    public async Task Usage_MemberOnly_TellsPerInTheOrderOfNames()
    {
        var usage = await Client.GetAsync("/usage?route_key=r&user_id=alice&subject.org=acme");

        Assert.That(
            $"{usage.MustBeOk()["limits"][3].GetProperty("per")}",
            Is.EqualTo("""["org","user_id"]""")
        );
    }

    [Test]
    public async Task Usage_NobodyNamedAndNoLimitForAll_AsksForTheUser()
    {
        await Client.HasPolicyAsync("s", 10);

        (await Client.GetAsync("/usage?route_key=s")).MustRefuse("user_id");
    }

    // What is used afterwards.
    [TestCase("user_id=alice", "all 4, org 4, org too 4, member 4, user 0")]
    [TestCase("user_id=alice&subject.org=acme", "all 4, org 4, org too 4, member 0, user 4")]
    [TestCase("subject.org=acme", "all 4, org 0, org too 0, member 4, user 4")]
    [TestCase("subject.org=acme&limit=org%20too", "all 4, org 4, org too 0, member 4, user 4")]
    [TestCase("subject.org=umbrella", "all 4, org 4, org too 4, member 4, user 4")]
    [TestCase("role=pro", "all 0, org 4, org too 4, member 4, user 4")]
    [Contract(
        "DELETE /usage forgets the counters whose per is exactly the set named; limit narrows it"
    )]
    public async Task Reset_Subjects_ResetsTheLimitsOfExactlyThese(string query, string left)
    {
        (await Client.SendAsync(HttpMethod.Delete, $"/usage?route_key=r&{query}")).MustBeStatus(
            204
        );

        var usage = await Client.GetAsync("/usage?route_key=r&user_id=alice&subject.org=acme");
        Assert.That(Used(usage.MustBeOk()), Is.EqualTo(left));
    }

    [TestCase("subject.model=gpt", "subject.model")]
    [TestCase("user_id=alice&subject.model=gpt", "subject.model")]
    [TestCase("user_id=alice&limit=org", "limit")]
    [TestCase("subject.org=acme&limit=nothing", "limit")]
    [TestCase("subject.org=acme&limit=", "limit")]
    [Contract("DELETE /usage: nothing matches: 400")]
    public async Task Reset_NothingOfExactlyThese_IsRefused(string query, string field)
    {
        (await Client.SendAsync(HttpMethod.Delete, $"/usage?route_key=r&{query}")).MustRefuse(
            field
        );

        var usage = await Client.GetAsync("/usage?route_key=r&user_id=alice&subject.org=acme");
        Assert.That(
            Used(usage.MustBeOk()),
            Is.EqualTo("all 4, org 4, org too 4, member 4, user 4")
        );
    }

    [Test]
    [Contract("DELETE /usage: none named: []")]
    public async Task Reset_NobodyNamedAndNoLimitForAll_IsRefused()
    {
        await Client.HasPolicyAsync("s", 10);

        (await Client.SendAsync(HttpMethod.Delete, "/usage?route_key=s")).MustRefuse("user_id");
    }

    private static string Used(Answer usage) =>
        string.Join(
            ", ",
            usage["limits"]
                .EnumerateArray()
                .Select(
                    (JsonElement limit) =>
                        $"{limit.GetProperty("name")} {limit.GetProperty("used")}"
                )
        );
}

using System.Net;
using RateLimiter.Api.Gateway;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Api.Gateway;

public sealed class GatewayRequestTests
{
    private static readonly PolicyTable NoPolicies = new([]);
    private static readonly PolicyTable Subjects = new([
        TestData.Policy(
            limits:
            [
                TestData.Limit("a", per: ["org"]),
                TestData.Limit("b", per: ["model__name_", "user_id"]),
            ]
        ),
        TestData.Policy("other"),
    ]);

    [Test]
    public void Check_AllGiven_IsWhatTheyTell() =>
        Assert.That(
            Read(
                null,
                ("X-RateLimit-User", "alice"),
                ("X-RateLimit-Route", "search"),
                ("X-RateLimit-Role", "free"),
                ("X-RateLimit-Cost", "7")
            ).Check,
            Is.EqualTo(new Check("alice", "search", "free", 7))
        );

    [TestCase("192.0.2.7", "192.0.2.7")]
    [TestCase("::ffff:192.0.2.7", "192.0.2.7")]
    [TestCase("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")]
    public void Check_NothingGiven_IsTheCallersAddressOnce(string address, string user)
    {
        var context = Requests.Context();
        context.Request.Method = "GET";
        context.Connection.RemoteIpAddress = IPAddress.Parse(address);

        Assert.That(
            new GatewayRequest(context, null, NoPolicies).Check,
            Is.EqualTo(new Check(user, "*", "default", 1))
        );
    }

    [TestCase("X-RateLimit-User")]
    [TestCase("X-RateLimit-Route")]
    [TestCase("X-RateLimit-Role")]
    [TestCase("X-RateLimit-Cost")]
    [TestCase("X-Forwarded-Method")]
    [TestCase("X-Original-URI")]
    public void Check_HeaderIsEmpty_CountsAsMissing(string header) =>
        Assert.That(Read(null, (header, "")).Check, Is.EqualTo(Read(null).Check));

    [TestCase(null, "X-Forwarded-Uri", "/a?x=1", "X-Forwarded-Method", "PUT", "PUT /a")]
    [TestCase(null, "X-Original-URI", "/a?x=1", "X-Original-Method", "PUT", "PUT /a")]
    [TestCase(null, "X-Original-URL", "http://h/a", "X-Original-Method", "HEAD", "GET /a")]
    [TestCase(null, "X-Forwarded-Uri", "/a", "X", "", "POST /a")]
    [TestCase("/a/b?no_policy=allow", "X", "", "X", "", "POST /a/b")]
    [TestCase(null, "X", "", "X", "", "POST /")]
    public void Check_PathThatAPolicyNames_IsThatRoute(
        string? ownPath,
        string pathHeader,
        string path,
        string methodHeader,
        string method,
        string route
    ) =>
        Assert.That(
            Read(
                new PolicyTable([TestData.Policy(route), TestData.Policy("*")]),
                ownPath,
                (pathHeader, path),
                (methodHeader, method)
            ).Check.RouteKey,
            Is.EqualTo(route)
        );

    [TestCase("/a")]
    [TestCase("/b")]
    [TestCase("/b\u0001")]
    [TestCase("/*")]
    public void Check_PathThatNoPolicyNames_IsTheCatchAllsOwnRoute(string path) =>
        Assert.That(
            Read(
                new PolicyTable([TestData.Policy("search"), TestData.Policy("*")]),
                path
            ).Check.RouteKey,
            Is.EqualTo("*")
        );

    [Test]
    public void Check_PathOfAnyLength_IsTheCatchAllsOwnRoute() =>
        Assert.That(Read($"/{new string('x', 10_000)}").Check.RouteKey, Is.EqualTo("*"));

    [Test]
    public void Check_SubjectHeaders_AreThoseThatThePolicyNames() =>
        Assert.That(
            Read(
                Subjects,
                null,
                ("X-RateLimit-Route", "search"),
                ("X-RateLimit-Subject-Org", "acme"),
                ("x-ratelimit-subject-MODEL--NAME-", "gpt"),
                ("X-RateLimit-Subject-Forged", "x"),
                ("X-RateLimit-Subject-User-Id", "mallory")
            ).Check.Subjects,
            Is.EqualTo(TestData.Subjects(("model__name_", "gpt"), ("org", "acme")))
        );

    [TestCase("other", "acme", Description = "a policy without subjects")]
    [TestCase("search", "")]
    public void Check_SubjectHeaderEmptyOrOfNoInterest_IsNone(string route, string value) =>
        Assert.That(
            Read(
                Subjects,
                null,
                ("X-RateLimit-Route", route),
                ("X-RateLimit-Subject-Org", value)
            ).Check.Subjects,
            Is.Null
        );

    [TestCase("X-RateLimit-Subject-Org", true)]
    [TestCase("X-RateLimit-Subject-Forged", false)]
    public void Errors_SubjectHeaderGivenTwice_NameItIfThePolicyDoes(string header, bool isNamed)
    {
        var context = Requests.Context();
        context.Request.Headers["X-RateLimit-Route"] = "search";
        context.Request.Headers[header] = new[] { "1", "1" };

        Assert.That(
            new GatewayRequest(context, null, Subjects).Errors?.Keys,
            isNamed ? Is.EqualTo(new[] { header }) : Is.Null
        );
    }

    [TestCase("org", "X-RateLimit-Subject-Org")]
    [TestCase("model__name_", "X-RateLimit-Subject-Model--Name-")]
    public void SubjectHeader_Name_IsWrittenAsHeadersAre(string name, string header) =>
        Assert.That(GatewayRequest.SubjectHeader(name), Is.EqualTo(header));

    [TestCase("X-RateLimit-User", 256, 257)]
    [TestCase("X-RateLimit-Route", 128, 129)]
    [TestCase("X-RateLimit-Role", 128, 129)]
    public void Errors_NameIsTooLong_NameTheHeader(string header, int longest, int tooLong)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Read(null, (header, new string('x', longest))).Errors, Is.Null);
            Assert.That(
                Read(null, (header, new string('x', tooLong))).Errors,
                Is.EqualTo(
                    new Dictionary<string, string[]>
                    {
                        [header] = [$"must have 1 to {longest} characters"],
                    }
                )
            );
        }
    }

    [TestCase("0", true)]
    [TestCase("1000000000", true)]
    [TestCase("1000000001", false)]
    [TestCase("99999999999999999999", false)]
    [TestCase("-1", false)]
    [TestCase("+1", false)]
    [TestCase("1.5", false)]
    [TestCase("1e3", false)]
    [TestCase("1,000", false)]
    [TestCase("one", false)]
    public void Errors_Cost_IsAWholeNumberWithinBounds(string cost, bool isRight) =>
        Assert.That(
            Read(null, ("X-RateLimit-Cost", cost)).Errors?.Keys,
            isRight ? Is.Null : Is.EqualTo(new[] { "X-RateLimit-Cost" })
        );

    [TestCase("X-RateLimit-User")]
    [TestCase("X-RateLimit-Route")]
    [TestCase("X-RateLimit-Role")]
    [TestCase("X-RateLimit-Cost")]
    [TestCase("X-Original-Method")]
    [TestCase("X-Forwarded-Uri")]
    public void Errors_HeaderGivenTwice_NameIt(string header)
    {
        var context = Requests.Context();
        context.Request.Headers[header] = new[] { "1", "1" };

        Assert.That(
            new GatewayRequest(context, null, NoPolicies).Errors,
            Is.EqualTo(new Dictionary<string, string[]> { [header] = ["must be given only once"] })
        );
    }

    [TestCase(null, "X-Forwarded-Uri", "X-Original-URI", "X-Original-URI")]
    [TestCase(null, "X-Original-URI", "X-Original-URL", "X-Original-URL")]
    [TestCase(null, "X-Forwarded-Method", "X-Original-Method", "X-Original-Method")]
    [TestCase("/a", "X-Forwarded-Uri", "X", "X-Forwarded-Uri")]
    public void Errors_SeveralSayTheSame_NameAllButTheFirst(
        string? ownPath,
        string one,
        string other,
        string named
    ) =>
        Assert.That(
            Read(ownPath, (one, "/a"), (other, "/a")).Errors?.Keys,
            Is.EqualTo(new[] { named })
        );

    [Test]
    public void Errors_RouteIsNamed_PathsDoNotMatter() =>
        Assert.That(
            Read(
                "/a",
                ("X-RateLimit-Route", "search"),
                ("X-Forwarded-Uri", "/b"),
                ("X-Original-URI", "/c")
            ).Errors,
            Is.Null
        );

    private static GatewayRequest Read(
        string? ownPath,
        params (string Name, string Value)[] headers
    ) => Read(NoPolicies, ownPath, headers);

    private static GatewayRequest Read(
        PolicyTable policies,
        string? ownPath,
        params (string Name, string Value)[] headers
    )
    {
        var context = Requests.Context();
        context.Request.Method = "POST";
        foreach (var (name, value) in headers)
        {
            context.Request.Headers[name] = value;
        }

        return new GatewayRequest(context, ownPath, policies);
    }
}

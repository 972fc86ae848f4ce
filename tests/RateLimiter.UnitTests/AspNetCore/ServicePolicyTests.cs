using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using NUnit.Framework.Constraints;
using RateLimiting.AspNetCore;

namespace RateLimiter.UnitTests.AspNetCore;

public sealed class ServicePolicyTests
{
    [TestCase("192.0.2.7", "192.0.2.7")]
    [TestCase("::ffff:192.0.2.7", "192.0.2.7")]
    [TestCase("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")]
    public void User_NotSignedIn_IsTheNetwork(string address, string user)
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse(address);

        Assert.That(Policy().PartitionOf(context).UserId, Is.EqualTo(user));
    }

    [Test]
    public void User_SignedIn_IsTheName()
    {
        var context = new DefaultHttpContext
        {
            User = new ClaimsPrincipal(new ClaimsIdentity([new(ClaimTypes.Name, "alice")], "test")),
        };

        Assert.That(Policy().PartitionOf(context).UserId, Is.EqualTo("alice"));
    }

    [TestCase(null, "anonymous")]
    [TestCase("", "anonymous")]
    [TestCase("alice", "alice")]
    public void User_Told_IsTakenAsItIs(string? told, string user) =>
        Assert.That(
            Policy(user: told ?? "").PartitionOf(new DefaultHttpContext()).UserId,
            Is.EqualTo(user)
        );

    [Test]
    public void User_NameThatTheServiceRefuses_IsStillOneOfHisOwn()
    {
        var first = Policy(user: new string('a', 257)).PartitionOf(new DefaultHttpContext());
        var second = Policy(user: "a\n").PartitionOf(new DefaultHttpContext());

        Assert.That(first.UserId, Does.Match("^sha256:[0-9A-F]{64}$"));
        Assert.That(second.UserId, Does.Match("^sha256:").And.Not.EqualTo(first.UserId));
    }

    [Test]
    public void User_AsLongAsTheServiceTakes_IsNotChanged()
    {
        var user = string.Concat(Enumerable.Repeat("\U0001F600", 256));

        Assert.That(
            Policy(user: user).PartitionOf(new DefaultHttpContext()).UserId,
            Is.EqualTo(user)
        );
    }

    [TestCase(0, 0)]
    [TestCase(7, 7)]
    [TestCase(-1, 1)]
    [TestCase(int.MinValue, 1)]
    public void Cost_LessThanNothing_IsOne(int told, int cost) =>
        Assert.That(
            Policy(cost: told).PartitionOf(new DefaultHttpContext()).Cost,
            Is.EqualTo(cost)
        );

    [TestCase("acme", "acme")]
    [TestCase("", null, Description = "Missing.")]
    public void Subjects_Told_AreTakenAsTheyAre(string told, string? organisation)
    {
        var partition = Policy(organisation: told).PartitionOf(new DefaultHttpContext());

        Assert.That(partition.Subjects?.Values["org"], Is.EqualTo(organisation));
    }

    [Test]
    public void Subjects_ValueThatTheServiceRefuses_IsStillOneOfItsOwn()
    {
        var partition = Policy(organisation: "a\n").PartitionOf(new DefaultHttpContext());

        Assert.That(partition.Subjects!.Values["org"], Does.Match("^sha256:[0-9A-F]{64}$"));
    }

    [TestCase("acme", true)]
    [TestCase("globex", false)]
    public void Subjects_Partition_IsThatOfTheSameSubjects(string other, bool isSame)
    {
        var first = Policy(organisation: "acme").PartitionOf(new DefaultHttpContext());
        var second = Policy(organisation: other).PartitionOf(new DefaultHttpContext());

        Assert.That(first.Equals(second), Is.EqualTo(isSame));
    }

    private static readonly string[] NoRoutes = ["", "a\nb", new('x', 129)];

    [TestCaseSource(nameof(NoRoutes))]
    public void Add_RouteThatTheServiceRefuses_IsRefusedWhenTheAppStarts(string route)
    {
        var options = new RateLimiterOptions();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => options.AddServicePolicy("search", route), Refused);
            Assert.That(() => options.UseServiceForAllRequests(route), Refused);
        }
    }

    private static IResolveConstraint Refused =>
        Throws
            .ArgumentException.With.Property(nameof(ArgumentException.ParamName))
            .EqualTo("routeKey");

    private static ServicePolicy Policy(
        string? user = null,
        int? cost = null,
        string? organisation = null
    ) =>
        new(
            "search",
            user is null ? null : _ => user,
            Role: null,
            cost is { } it ? _ => it : null,
            FailureMode.Allow,
            organisation is null
                ? null
                : _ => new Dictionary<string, string> { ["org"] = organisation }
        );
}

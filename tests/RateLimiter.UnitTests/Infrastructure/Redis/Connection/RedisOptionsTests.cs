using System.Net;
using Microsoft.Extensions.Options;
using RateLimiter.Infrastructure.Redis.Connection;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Connection;

/// <summary>The parsing of connection strings, and the rejection of invalid ones without repeating a secret.</summary>
[TestFixture]
public sealed class RedisOptionsTests
{
    private const string Secret = "hunter2";

    [TestCase("redis://host", "host:6379", null, null, null, false)]
    [TestCase("redis://host:7000/", "host:7000", null, null, null, false)]
    [TestCase("redis://host/3", "host:6379", null, null, 3, false)]
    [TestCase("redis://:pw@host:6379/0", "host:6379", null, "pw", 0, false)]
    [TestCase("redis://pw@host", "host:6379", null, "pw", null, false)]
    [TestCase("redis://me:pw@host", "host:6379", "me", "pw", null, false)]
    [TestCase("redis://m%40e:p%2Cw%2F%3A@host", "host:6379", "m@e", "p,w/:", null, false)]
    [TestCase("redis://:a,b=c;d@host/1", "host:6379", null, "a,b=c;d", 1, false)]
    [TestCase("REDISS://:pw@host:6380", "host:6380", null, "pw", null, true)]
    [TestCase(" rediss://host ", "host:6379", null, null, null, true)]
    [TestCase("redis://127.0.0.1:7000", "127.0.0.1:7000", null, null, null, false)]
    [TestCase("redis://[::1]:7000", "[::1]:7000", null, null, null, false)]
    [TestCase("redis://:pw@a:1,b:2,c:3", "a:1 b:2 c:3", null, "pw", null, false)]
    [TestCase("redis://a:1/2,connectRetry=5,ssl=true", "a:1", null, null, 2, true)]
    [TestCase("redis:6379,password=a://b", "redis:6379", null, "a://b", null, false)]
    public void ToConfiguration_Url_IsUnderstood(
        string url,
        string servers,
        string? user,
        string? password,
        int? database,
        bool tls
    )
    {
        var options = Read(url);

        var configuration = options.ToConfiguration();

        Assert.That(Validate(options).Failed, Is.False);
        Assert.That(string.Join(' ', configuration.EndPoints.Select(Name)), Is.EqualTo(servers));
        Assert.That(
            (configuration.User, configuration.Password, configuration.DefaultDatabase),
            Is.EqualTo((user, password, database))
        );
        Assert.That(configuration.Ssl, Is.EqualTo(tls));
    }

    [TestCase("redis://")]
    [TestCase("redis://:hunter2@")]
    [TestCase("redis://:hunter2")]
    [TestCase("redis://:hunter2@host:port")]
    [TestCase("redis://:hunter2@host:99999")]
    [TestCase("redis://:hunter2@host/one")]
    [TestCase("redis://:hunter2@host/99999999999")]
    [TestCase("redis://:hunter2@host/0/1")]
    [TestCase("redis://:hunter2@host?ssl=true")]
    [TestCase("redis://:hunter2@host/0?password=hunter2")]
    [TestCase("redis://:hunter2/x@host")]
    [TestCase("redis://:hunter2@x@host")]
    [TestCase("redis://a:b:hunter2@host")]
    [TestCase("redis://:hunter2@a b")]
    [TestCase("redis://:x@host,hunter2=1")]
    [TestCase("redis://:x@host,password=abc,hunter2")]
    [TestCase("redis+sentinel://:hunter2@host")]
    [TestCase("http://:hunter2@host")]
    [TestCase("unix:/hunter2")]
    [TestCase("host:6379,password=abc,hunter2")]
    [TestCase("host:6379,password=abc,hunter2:6379")]
    [TestCase("host:6379,password=abc, hunter2,ssl=true")]
    [TestCase("host:6379,sentinelPassword=abc,hunter2")]
    [TestCase("password=hunter2")]
    [TestCase("host,defaultDatabase=-1,password=hunter2")]
    [TestCase("host,defaultDatabase=-2147483648")]
    [TestCase("host,defaultDatabase=hunter2")]
    [TestCase("host,version=hunter2")]
    [TestCase("host,tunnel=hunter2")]
    [TestCase("host:hunter2")]
    public void Validate_Nonsense_IsOneLineWithoutTheSecret(string nonsense)
    {
        var result = Validate(Read(nonsense));

        Assert.That(result.Failed);
        Assert.That(result.FailureMessage, Does.StartWith("Redis:ConnectionString "));
        Assert.That(result.FailureMessage, Does.Not.Contain(Secret).And.Not.Contain('\n'));
    }

    [TestCase("a:1,b:2,serviceName=x,user=u,password=p", "u", "p")]
    [TestCase("a:1,serviceName=x,user=u,password=p,sentinelUser=v,sentinelPassword=q", "v", "q")]
    [TestCase("redis://u:p@a:1,serviceName=x,sentinelUser=v,sentinelPassword=q", "v", "q")]
    [TestCase("redis://u:p@a:1,serviceName=x", "u", "p")]
    public void ToConfiguration_Sentinels_HaveTheirOwnUserAndPasswordWhereNamed(
        string text,
        string user,
        string password
    )
    {
        var configuration = Read(text).ToConfiguration();

        Assert.That(
            (configuration.SentinelUser, configuration.SentinelPassword),
            Is.EqualTo((user, password))
        );
    }

    // The scripts publish without the prefix.
    [TestCase("host,channelPrefix=x:")]
    [TestCase("redis://host,channelPrefix=x:")]
    public void ToConfiguration_ChannelPrefix_IsNotApplied(string text) =>
        Assert.That(Read(text).ToConfiguration().ChannelPrefix.IsNullOrEmpty);

    private static RedisOptions Read(string connectionString) =>
        new() { ConnectionString = connectionString };

    private static ValidateOptionsResult Validate(RedisOptions options) =>
        new RedisOptionsValidator().Validate(null, options);

    private static string Name(EndPoint endpoint) =>
        endpoint is DnsEndPoint name ? $"{name.Host}:{name.Port}" : $"{endpoint}";
}

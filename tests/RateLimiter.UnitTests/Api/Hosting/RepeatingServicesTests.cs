using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;
using RateLimiter.Api.Demo;
using RateLimiter.Api.Hosting;
using RateLimiter.Api.Telemetry;
using RateLimiter.Application;
using RateLimiter.Application.Background;
using RateLimiter.Infrastructure;

namespace RateLimiter.UnitTests.Api.Hosting;

/// <summary>Breaks each background service: it logs the failure once, and continues.</summary>
public sealed class RepeatingServicesTests
{
    // No service waits longer than this for its first run.
    private static readonly TimeSpan LongestInterval = TimeSpan.FromMinutes(1);

    [Test]
    public async Task Run_AnyServiceThatIsBroken_SaysSoOnceAndGoesOn()
    {
        var folder = Directory.CreateTempSubdirectory("ratelimiter-test-");
        var time = new FakeTimeProvider(TestData.Moment);
        using var app = Build(folder.FullName, time);
        var log = app.Services.GetFakeLogCollector();
        var services = app
            .Services.GetServices<IHostedService>()
            .OfType<RepeatingService>()
            .ToList();
        folder.Delete(recursive: true);

        Assert.That(
            services.Select(service => service.GetType()),
            Is.EquivalentTo(AllTypes()),
            "One of them is not broken here."
        );
        using (Assert.EnterMultipleScope())
        {
            foreach (var service in services)
            {
                await MustGoOnAsync(service, time, log);
            }
        }
    }

    private static async Task MustGoOnAsync(
        RepeatingService service,
        FakeTimeProvider time,
        FakeLogCollector log
    )
    {
        var name = service.GetType().Name;
        log.Clear();
        var mend = Break(service);
        await service.StartAsync(CancellationToken.None);

        for (var i = 0; i < 1000 && (log.Count == 0 || i < 100); i++)
        {
            time.Advance(LongestInterval);
            await Task.Delay(1);
        }

        var messages = log.GetSnapshot().Select(line => line.Message).ToList();
        Assert.That(messages, Has.Count.EqualTo(1), name);
        Assert.That(messages, Has.All.EndsWith("failed and is tried again"), name);
        Assert.That(service.ExecuteTask!.IsCompleted, Is.False, name);
        mend();
        await service.StopAsync(new CancellationToken(canceled: true));
    }

    // Sets all of its dependencies to null.
    private static Action Break(RepeatingService service)
    {
        var fields = service
            .GetType()
            .GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)
            .Where(field => field.DeclaringType == service.GetType())
            .Select(field => (Field: field, Value: field.GetValue(service)))
            .ToList();
        foreach (var (field, _) in fields.Where(it => !it.Field.FieldType.IsValueType))
        {
            field.SetValue(service, null);
        }

        // One service works only when there is something to do.
        fields.Find(it => it.Field.Name == "isDue").Field?.SetValue(service, true);
        return () => fields.ForEach(it => it.Field.SetValue(service, it.Value));
    }

    private static IEnumerable<Type> AllTypes() =>
        new[] { typeof(RepeatingService), typeof(InfrastructureServices), typeof(DemoTraffic) }
            .SelectMany(type => type.Assembly.GetTypes())
            .Where(type => type.IsSubclassOf(typeof(RepeatingService)) && !type.IsAbstract);

    // Without the rest of the API, which changes process-wide state.
    private static IHost Build(string folder, TimeProvider time)
    {
        var certificate = WriteCertificate(folder);
        var builder = Host.CreateApplicationBuilder([
            "--Redis:ConnectionString=127.0.0.1:1",
            "--Postgres:ConnectionString=Host=127.0.0.1;Port=1",
            "--urls=https://127.0.0.1:0",
            $"--Tls:CertificatePath={certificate}",
        ]);
        builder.Services.AddApplication();
        builder.Services.AddInfrastructure(builder.Configuration);
        builder.Services.AddTls(builder.Configuration);
        builder.Services.AddSingleton<ExportOptions>();
        builder.Services.AddHostedService<MetricsReader>();
        builder.Services.AddHostedService<DemoTraffic>();
        builder.Services.AddHostedService<WarmUp>();
        builder.Services.Replace(ServiceDescriptor.Singleton(time));
        builder
            .Logging.ClearProviders()
            .AddFakeLogging(log =>
                log.FilteredLevels.UnionWith([LogLevel.Warning, LogLevel.Error, LogLevel.Critical])
            );
        return builder.Build();
    }

    private static string WriteCertificate(string folder)
    {
        using var key = ECDsa.Create();
        using var certificate = new CertificateRequest(
            "CN=test",
            key,
            HashAlgorithmName.SHA256
        ).CreateSelfSigned(TestData.Moment, TestData.Moment.AddYears(10));
        var path = Path.Combine(folder, "tls.pem");
        File.WriteAllText(
            path,
            certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem()
        );
        return path;
    }
}

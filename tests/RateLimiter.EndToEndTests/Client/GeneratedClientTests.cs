using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using NJsonSchema.CodeGeneration.CSharp;
using NSwag;
using NSwag.CodeGeneration.CSharp;

namespace RateLimiter.EndToEndTests.Client;

/// <summary>A C# client that NSwag generates from the served document, compiled and used as its users would.</summary>
public sealed class GeneratedClientTests
{
    /// <summary>
    /// The code of a user, who sets only the required members, and then non-default values. Its output is the responses, as
    /// text.
    /// </summary>
    private const string Story = """
        using System.Collections.Generic;
        using System.Net.Http;
        using System.Threading.Tasks;
        using MyNamespace;

        public static class Story
        {
            public static async Task<List<string>> TellAsync(HttpClient http, string address)
            {
                var policies = new PolicyClient(http) { BaseUrl = address };
                var checks = new CheckClient(http) { BaseUrl = address };
                var usage = new UsageClient(http) { BaseUrl = address };
                var told = new List<string>();

                var saved = await policies.SaveAsync(
                    null, null, new SavePolicyRequest { Route_key = "search", Limit = 2, Window_seconds = 3600 });
                told.Add($"{saved.Policy.Is_active} {saved.Policy.Mode} {saved.Policy.Algorithm} {saved.Policy.On_store_failure}");
                var check = new CheckRequest { User_id = "alice", Route_key = "search" };
                for (var i = 0; i < 3; i++)
                {
                    told.Add($"{(await checks.CheckAsync(check)).Allowed}");
                }

                told.Add($"{(await usage.RefundAsync(check)).Remaining}");
                check.Cost = 0;
                told.Add($"{(await checks.CheckAsync(check)).Remaining}");

                saved = await policies.SaveAsync(null, null, new SavePolicyRequest
                {
                    Route_key = "mail",
                    Is_active = false,
                    Mode = PolicyMode.Shadow,
                    On_store_failure = StoreFailureMode.Allow,
                    Limits = new[]
                    {
                        new LimitRequest { Limit = 5, Window_seconds = 60 },
                        new LimitRequest { Limit = 9, Window_seconds = 3600, Algorithm = Algorithm.SlidingLog },
                    },
                });
                told.Add($"{saved.Policy.Is_active} {saved.Policy.Mode} {saved.Policy.Algorithm} {saved.Policy.On_store_failure}");
                foreach (var limit in saved.Policy.Limits)
                {
                    told.Add($"{limit.Algorithm}");
                }

                return told;
            }
        }
        """;

    [TestCase(CSharpJsonLibrary.NewtonsoftJson, null)]
    [TestCase(CSharpJsonLibrary.SystemTextJson, 10, Description = "The setting of docs/client.md")]
    [Contract("The OpenAPI document: clients of NSwag send what was meant")]
    public async Task Client_FieldsLeftOut_MeanWhatTheyMeanToTheService(
        CSharpJsonLibrary library,
        int? version
    )
    {
        var (_, service) = await SharedServices.OfAsync(StoreHost.Any);
        var tenant = await TestClient.RegisterAsync(service);
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Add("X-API-Key", tenant.Key);
        var document = await http.GetStringAsync(new Uri(service.Address, "/openapi.json"));

        var settings = new CSharpClientGeneratorSettings();
        settings.CSharpGeneratorSettings.JsonLibrary = library;
        if (version is { } it)
        {
            settings.CSharpGeneratorSettings.JsonLibraryVersion = it;
        }

        var client = new CSharpClientGenerator(
            await OpenApiDocument.FromJsonAsync(document),
            settings
        ).GenerateFile();
        var story = Compile(client, Story).GetType("Story")!.GetMethod("TellAsync")!;

        var told = await story.CreateDelegate<Func<HttpClient, string, Task<List<string>>>>()(
            http,
            $"{service.Address}"
        );

        Assert.That(
            told,
            Is.EqualTo([
                "True Enforce FixedWindow ",
                "True",
                "True",
                "False",
                "1",
                "1",
                "False Shadow  Allow",
                "FixedWindow",
                "SlidingLog",
            ])
        );
    }

    private static Assembly Compile(params IEnumerable<string> sources)
    {
        var platform = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        var compilation = CSharpCompilation.Create(
            "Generated",
            sources.Select(source => CSharpSyntaxTree.ParseText(source)),
            platform
                .Split(Path.PathSeparator)
                .Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary)
        );
        using var assembly = new MemoryStream();
        var result = compilation.Emit(assembly);
        Assert.That(
            result.Diagnostics.Where(it => it.Severity == DiagnosticSeverity.Error),
            Is.Empty
        );
        return Assembly.Load(assembly.ToArray());
    }
}

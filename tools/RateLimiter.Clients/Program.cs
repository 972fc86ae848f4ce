using RateLimiter.Clients;

// Writes the generated part of src/RateLimiter.Client from the OpenAPI document that the service serves. With --check it
// writes nothing and fails when the file is not what it would write. The document is that of the built service, which it
// starts for that, unless the argument --document names one, as a path or an address.
// As "typescript DOCUMENT OUTPUT" it writes a client in TypeScript instead; "dotnet tool restore" must have been run.

if (args is ["typescript", var source, var output])
{
    return await TypeScriptClient.WriteAsync(source, output);
}

var isCheck = args is ["--check", ..];
var rest = isCheck ? args[1..] : args;
var named = rest is ["--document", var name] ? name : null;
if ((rest.Length > 0 && named is null) || !File.Exists("RateLimiter.sln"))
{
    Console.Error.WriteLine(
        "From the root of the repository: RateLimiter.Clients [--check] [--document PATH-OR-URL]\n"
            + "                             or: RateLimiter.Clients typescript PATH-OR-URL OUTPUT"
    );
    return 2;
}

var document = named is null
    ? await ServedDocument.OfBuiltServiceAsync()
    : await ServedDocument.FromAsync(named);
var text = await CSharpClient.WriteAsync(document);
if (File.Exists(CSharpClient.Path) && await File.ReadAllTextAsync(CSharpClient.Path) == text)
{
    return 0;
}

if (isCheck)
{
    Console.Error.WriteLine($"{CSharpClient.Path} is not what the program writes today.");
    return 1;
}

await File.WriteAllTextAsync(CSharpClient.Path, text);
Console.WriteLine($"Wrote {CSharpClient.Path}.");
return 0;
